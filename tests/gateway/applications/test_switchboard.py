"""What an operator does to calls, between fake trunks of circuits and of RTP legs."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.board import STATES, Board

from tandem.core.cause import Cause
from tandem.gateway.applications.events import EVERYTHING, NOTHING
from tandem.gateway.applications.events import Happening as H
from tandem.gateway.calls.model import Alerting, Answer, Dtmf, Hold, Number, Progress, Release
from tandem.gateway.configuration.schema import Route
from tandem.gateway.media.protocol import Play, Record, SendDigits, Source, StopPlay, StopRecord, Tone

CLEAR = Release(Cause.NORMAL_CALL_CLEARING)
BUSY = Release(Cause.USER_BUSY)
LEGS = [("isup/c1/30", "c1"), ("sip/s1/30", "s1")]


@pytest.mark.parametrize(("dial", "name"), LEGS)
def test_originate_to_echo_gives_the_leg_its_own_speech(dial, name):
    board = Board()
    board.originate(dial, "&echo")
    (half,) = board[name].halves
    board.tell(half, Alerting())
    board.exchange.media()
    board.tell(half, Answer())
    assert board.exchange.media()[-1] == Source(half.endpoint, half.endpoint, True)
    assert board.results() == [f"+OK {board.board.uuid_of(half)}"]
    told = board.happened()
    order = [H.CHANNEL_CREATE, H.CHANNEL_PROGRESS, H.CHANNEL_ANSWER, H.BACKGROUND_JOB, H.CHANNEL_EXECUTE]
    assert [what for what in told if what in order] == order
    board.tell(half, CLEAR)
    board.clear_all()
    assert board.happened()[-2:] == [H.CHANNEL_EXECUTE_COMPLETE, H.CHANNEL_HANGUP_COMPLETE]
    assert board.control.calls == {}
    (record,) = board.control.records
    assert (record.result, record.incoming.protocol, record.released_by) == ("answered", "application", "outgoing")


def test_originate_that_fails_says_why():
    board = Board()
    board.originate("isup/c1/30")
    board.tell(board["c1"].halves[0], BUSY)
    assert board.results() == ["-ERR USER_BUSY"]
    board.clear_all()
    assert board.control.calls == {}
    assert [record.cause for record in board.control.records] == [17]


def test_the_first_to_answer_wins_and_the_others_are_released():
    board = Board()
    board.originate("isup/c1/30,sip/s1/40")
    (one,), (two,) = board["c1"].halves, board["s1"].halves
    board.tell(two, Answer())
    assert board["c1"].released(one).cause == Cause.NON_SELECTED_USER_CLEARING
    assert board["s1"].released(two) is None
    assert board.results() == [f"+OK {board.board.uuid_of(two)}"]


def test_groups_are_tried_one_after_another():
    board = Board()
    board.originate("isup/c1/30,sip/s1/40|isup/c2/50")
    board.tell(board["c1"].halves[0], BUSY)
    assert not board["c2"].halves
    board.tell(board["s1"].halves[0], BUSY)
    board.tell(board["c2"].halves[0], Answer())
    assert board.results() == [f"+OK {board.board.uuid_of(board['c2'].halves[0])}"]


def test_nobody_answers_in_time():
    board = Board()
    board.originate("{originate_timeout=20}isup/c1/30,sip/s1/40|isup/c2/1")
    board.run(21)
    assert board.results() == ["-ERR NO_ANSWER"]
    assert board["c1"].released(board["c1"].halves[0]).cause == Cause.NO_ANSWER_FROM_USER
    assert not board["c2"].halves


def test_variables_and_caller_of_a_dial_string():
    board = Board()
    board.originate("{origination_caller_id_number=+4930,a=1,origination_uuid=mine}[a=2,b='x,y']sip/s1/+4940")
    (half,) = board["s1"].halves
    setup = board["s1"].asked[0][2]
    assert (str(setup.called), str(setup.calling)) == ("+4940", "+4930")
    assert board.board.get_variable("mine", "a") == "2"
    assert board.board.get_variable("mine", "b") == "x,y"
    assert board.board.find("mine") is half


@pytest.mark.parametrize(
    ("dial", "then", "text"),
    [
        ("isup/nowhere/1", "&park", "there is no isup trunk 'nowhere'; there are: c1, c2"),
        ("sip/c1/1", "&park", "there is no sip trunk 'c1'"),
        ("user/7", "&park", "there is no user '7'"),
        ("isup/c1/1", "&sing", "there is no application 'sing'"),
        ("isup/c1/1", "", "say what to do"),
    ],
)
def test_what_cannot_be_originated_is_told_at_once(dial, then, text):
    with pytest.raises(ValueError, match=text):
        Board().board.originate(dial, then, 0.0)


@pytest.mark.parametrize("first", ["isup/c1/1", "sip/s1/1"])
@pytest.mark.parametrize("second", ["isup/c2/2", "sip/s2/2"])
def test_two_parked_legs_are_joined(first, second):
    board = Board()
    (one, half), (two, other) = board.parked(first), board.parked(second)
    board.exchange.media()
    board.happened()
    board.board.bridge(one, two, board.now)
    board.settle()
    assert {(item.sink, item.source) for item in board.exchange.media()[-2:]} == {
        (half.endpoint, other.endpoint),
        (other.endpoint, half.endpoint),
    }
    assert H.CHANNEL_BRIDGE in board.happened()
    assert board.board.dump(one).other_uuid == two
    board.tell(other, CLEAR)
    assert board[half.trunk.name].released(half) == CLEAR
    board.clear_all()
    assert board.control.calls == {}
    (record,) = board.control.records
    assert {record.incoming.trunk, record.outgoing.trunk} == {half.trunk.name, other.trunk.name}
    assert len(record.linked) == 1


def test_parties_of_two_calls_are_joined_and_their_partners_released():
    board = Board(Route(trunk=["c1"], to=["c2"]), Route(trunk=["s1"], to=["s2"]))
    a, c = board.call_in("c1"), board.call_in("s1")
    b, d = board["c2"].halves[0], board["s2"].halves[0]
    for half in (b, d):
        board.tell(half, Answer())
    board.now = 10.0
    board.board.bridge(board.board.uuid_of(a), board.board.uuid_of(d), board.now)
    board.settle()
    assert board["c2"].released(b).diagnostic == "joined to another call"
    assert board["s1"].released(c).diagnostic == "joined to another call"
    board.now = 15.0
    board.tell(a, CLEAR)
    board.clear_all()
    assert board.control.calls == {}
    records = {record.id: record for record in board.control.records}
    assert len(records) == 3
    (joined,) = [record for record in records.values() if record.linked]
    assert set(joined.linked) == set(records) - {joined.id}
    assert sorted(record.duration_ms for record in records.values()) == [5000, 10000, 10000]
    assert (joined.incoming.trunk, joined.outgoing.trunk) == ("c1", "s2")


def test_an_answered_caller_is_transferred_and_hears_ringback():
    board = Board(Route(called="^9", to=["s2"]), Route(to=["c2"]))
    half = board.call_in("c1")
    board.tell(board["c2"].halves[0], Answer())
    board.board.transfer(board.board.uuid_of(half), "900", board.now)
    board.settle()
    assert board["c2"].released(board["c2"].halves[0]).diagnostic == "transferred"
    (new,) = board["s2"].halves
    asked = len(board["c1"].to(half))
    board.exchange.media()
    board.tell(new, Alerting())
    assert board.exchange.media() == [Tone(half.endpoint, "ringback")]
    board.tell(new, Answer())
    assert len(board["c1"].to(half)) == asked  # no second answer
    assert Source(half.endpoint, new.endpoint) in board.exchange.media()
    board.tell(new, CLEAR)
    board.clear_all()
    assert board.control.calls == {}
    first, second = board.control.records
    assert second.linked == [first.id]


def test_both_parties_are_transferred_each_by_itself():
    board = Board(
        Route(trunk=["c1"], called="^9", to=["s2"]), Route(trunk=["c2"], called="^9", to=["s1"]), Route(to=["c2"])
    )
    one = board.call_in("c1")
    (other,) = board["c2"].halves
    board.tell(other, Answer())
    board.now = 5.0
    board.board.transfer_both(board.board.uuid_of(one), "900", board.now)
    board.settle()
    assert not one.released
    assert not other.released
    (first,), (second,) = board["s2"].halves, board["s1"].halves
    for half in (first, second):
        board.tell(half, Answer())
    assert (one.other, other.other) == (first, second)
    board.tell(one, CLEAR)
    board.tell(second, CLEAR)
    board.clear_all()
    assert board.control.calls == {}
    records = {record.id: record for record in board.control.records}
    assert len(records) == 3
    parted = next(record for record in records.values() if not record.linked)
    assert parted.diagnostic == "transferred"
    assert parted.duration_ms == 5000
    assert [record.linked for record in records.values() if record.linked] == [[parted.id]] * 2


def test_both_are_given_to_an_application():
    board = Board(Route(trunk=["c1"], to=["s2"]))
    one = board.call_in("c1")
    (other,) = board["s2"].halves
    name = board.board.uuid_of(one)
    with pytest.raises(ValueError, match="talks with nobody"):
        board.board.transfer_both(name, "&park", board.now)
    board.tell(other, Answer())
    board.board.transfer_both(name, "&park", board.now)
    board.settle()
    assert [channel.state for channel in board.board.channels()] == ["parked", "parked"]
    board.board.hang_up_all(board.now)
    board.settle()
    board.clear_all()
    assert board.control.calls == {}


def test_a_transfer_that_fails_ends_the_call_with_its_cause():
    board = Board(Route(called="^9", to=["s2"], fallback_causes=()), Route(to=["c2"]))
    half = board.call_in("c1")
    board.tell(board["c2"].halves[0], Answer())
    board.board.transfer(board.board.uuid_of(half), "900", board.now)
    board.settle()
    board.tell(board["s2"].halves[0], BUSY)
    assert board["c1"].released(half) == BUSY
    board.clear_all()
    assert board.control.calls == {}


@pytest.mark.parametrize(("dial", "name"), LEGS)
def test_a_talking_channel_is_parked_and_its_partner_released(dial, name):
    board = Board(Route(to=[name]))
    half = board.call_in("c2")
    other = board[name].halves[0]
    board.tell(other, Answer())
    board.board.park(board.board.uuid_of(half), board.now)
    board.settle()
    assert board[name].released(other).diagnostic == "transferred"
    assert board.board.dump(board.board.uuid_of(half)).state == "parked"
    board.board.kill(board.board.uuid_of(half), board.now, "USER_BUSY")
    board.settle()
    assert board["c2"].released(half).cause == Cause.USER_BUSY
    board.clear_all()
    assert board.control.calls == {}


@pytest.mark.parametrize(("dial", "name"), LEGS)
def test_playing_recording_and_digits_of_a_channel(dial, name):
    board = Board()
    uuid, half = board.parked(dial)
    board.exchange.media()
    board.board.broadcast(uuid, "/tmp/a.wav", board.now)
    board.board.record(uuid, "/tmp/b.wav", board.now, limit=5)
    board.board.send_dtmf(uuid, "1#", board.now)
    play, record, digits = board.exchange.media()
    assert (play, record) == (
        Play(half.endpoint, play.number, "/tmp/a.wav"),
        Record(half.endpoint, record.number, "/tmp/b.wav", "mixed", 5),
    )
    assert digits == SendDigits(half.endpoint, "1#", 160)
    board.board.stop_record(uuid, "all", board.now)
    board.board.stop_broadcast(uuid, board.now)
    assert board.exchange.media() == [StopRecord(record.number), StopPlay(play.number)]


def test_digits_go_in_signalling_where_the_trunk_wants_that():
    board = Board()
    board["s1"].takes_digits = True
    uuid, half = board.parked("sip/s1/1")
    board.board.send_dtmf(uuid, "12", board.now)
    assert board["s1"].to(half) == [Dtmf("1"), Dtmf("2")]


def test_execute_on_a_parked_channel_parks_it_again():
    board = Board()
    uuid, half = board.parked("isup/c1/1")
    board.board.execute(uuid, "set", "x=1", board.now)
    board.settle()
    assert board.board.get_variable(uuid, "x") == "1"
    assert board.board.dump(uuid).state == "parked"
    with pytest.raises(ValueError, match="no application 'sing'"):
        board.board.execute(uuid, "sing", "", board.now)
    assert not half.released


def test_hang_up_all_and_names_that_are_gone():
    board = Board()
    uuid, _ = board.parked("isup/c1/1")
    assert board.board.exists(uuid)
    assert board.board.hang_up_all(board.now) == 1
    board.settle()
    board.clear_all()
    assert not board.board.exists(uuid)
    with pytest.raises(LookupError, match="there is no channel"):
        board.board.dump(uuid)
    assert board.control.calls == {}


def test_events_of_an_ordinary_call_and_none_without_a_listener():
    for listening in (True, False):
        board = Board(Route(to=["s1"]))
        board.board.interest = EVERYTHING if listening else NOTHING
        half = board.call_in("c1")
        (other,) = board["s1"].halves
        board.tell(other, Alerting())
        board.tell(other, Progress(inband=True))
        board.tell(other, Answer())
        board.tell(half, CLEAR)
        board.clear_all()
        assert board.control.calls == {}
        if not listening:
            assert board.board.events == []
            assert half.uuid == ""
            continue
        events = [event for event in board.board.events if event.what not in STATES]
        assert [(event.what.name, event.channel.trunk) for event in events] == [
            ("CHANNEL_CREATE", "c1"),
            ("CHANNEL_CREATE", "s1"),
            ("CHANNEL_PROGRESS", "s1"),
            ("CHANNEL_PROGRESS_MEDIA", "s1"),
            ("CHANNEL_ANSWER", "s1"),
            ("CHANNEL_ANSWER", "c1"),
            ("CHANNEL_BRIDGE", "c1"),
            ("CHANNEL_UNBRIDGE", "c1"),
            ("CHANNEL_HANGUP", "c1"),
            ("CHANNEL_HANGUP", "s1"),
            *(("CHANNEL_HANGUP_COMPLETE", name) for name in [event.channel.trunk for event in events[-2:]]),
        ]
        assert len({event.channel.uuid for event in events}) == 2
        assert events[-1].data["cause_name"] == "NORMAL_CLEARING"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "call",
                "originate",
                "answer",
                "ring",
                "release",
                "clear",
                "bridge",
                "transfer",
                "park",
                "kill",
                "execute",
                "refer",
                "wait",
                "hold",
                "both",
                "held",
            ]
        ),
        st.integers(0, 7),
        st.integers(0, 7),
    ),
    min_size=15,
    max_size=40,
)


@settings(max_examples=50, deadline=None)
@given(STEPS)
def test_whatever_is_done_nothing_is_left_over(steps):
    board = Board(Route(called="^9", to=["s2", "c2"]), Route(trunk=["c1"], to=["s1"]), Route(to=["c2"]))
    switch, names = board.board, ("c1", "c2", "s1", "s2")
    switch.variables["hold_music"] = "music.wav"
    noted = set()

    def halves():
        found = [half for name in names for half in board[name].halves]
        found += [call.incoming for call in board.control.calls.values() if not call.incoming.is_application]
        return [half for half in dict.fromkeys(found) if half.call is not None]

    def left_by_a_crash():
        ledger = board.control.ledger
        noted.update(call.record.id for call in ledger.provisional())
        return noted - set(ledger.dropped) - {record.id for record in ledger.records}

    for what, first, second in steps:
        alive = [half for half in halves() if not half.released]
        if what == "call":
            board.call_in(("c1", "s1")[first % 2], ("9", "1")[second % 2])
        elif what == "originate":
            dial = ("isup/c1/1", "sip/s1/1,isup/c2/2", "sip/s2/1|isup/c1/3")[first % 3]
            board.originate(dial, ("&park", "&echo", "9")[second % 3])
            for half in halves() if first > 2 else ():
                if not (half.released or half.incoming or half.answered):
                    board.tell(half, Answer())
        elif what == "wait":
            board.run(70.0 * (first + 1))
        elif what == "clear":
            board.clear(*[half for half in halves() if half.released][:1])
        elif alive:
            half, other = alive[first % len(alive)], alive[second % len(alive)]
            name = switch.uuid_of(half)
            if what == "answer" and not half.incoming:
                board.tell(half, Answer())
            elif what == "ring" and not half.incoming:
                board.tell(half, Alerting())
            elif what == "release":
                board.tell(half, CLEAR)
            elif what == "hold":
                board.tell(half, Hold())
            elif what == "bridge" and half.answered and other.answered and half is not other:
                switch.bridge(name, switch.uuid_of(other), board.now)
            elif what == "transfer":
                switch.transfer(name, ("9", "&park", "&bridge(isup/c2/1)")[second % 3], board.now)
            elif what == "both":
                with suppress(ValueError):
                    switch.transfer_both(name, ("9", "&park", "&bridge(isup/c2/1)")[second % 3], board.now)
            elif what == "held":
                switch.hold(name, board.now, (True, False, None)[second % 3])
            elif what == "park":
                switch.park(name, board.now)
            elif what == "kill":
                switch.kill(name, board.now)
            elif what == "refer":
                switch.refer(half, Number("9"), None if second % 2 else other, lambda *_: None, board.now)
            elif what == "execute":
                with suppress(ValueError):
                    switch.execute(name, ("sleep", "playback", "set")[second % 3], "1", board.now)
            board.settle()
        known = {half for trunk in names for _, half, _ in board[trunk].asked} | set(halves())
        known |= {session.half for session in switch.applications.sessions.values()}
        for one in board.control.calls.values():
            assert one.open_halves == sum(half.call is one for half in known)
        unrecorded = [one for one in board.control.calls.values() if not one.recorded]
        assert left_by_a_crash() == {one.identity for one in unrecorded}
    switch.hang_up_all(board.now)
    board.settle()
    for _ in range(5):
        board.clear_all()
        board.run(200.0)
    board.clear_all()
    assert board.control.calls == {}
    assert switch.applications.sessions == {}
    assert (switch._originations, switch._referrals, switch._channels, switch._ends) == ({}, {}, {}, {})
    assert (switch._states, switch._music, switch._holding) == ({}, {}, set())
    for trunk in names:
        for half in board[trunk].halves:
            board[trunk].released(half)  # at most once
            assert half.released
            assert half.call is None
    assert len({record.id for record in board.control.records}) == len(board.control.records)
    assert left_by_a_crash() == set()
