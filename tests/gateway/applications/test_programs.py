"""Each application on a circuit and on an RTP leg, in virtual time."""

import pytest
from support.board import Board

from tandem.core.cause import Cause
from tandem.gateway.applications.events import Happening as H
from tandem.gateway.applications.programs import PROGRAMS
from tandem.gateway.calls.model import Alerting, Answer, Dtmf, Hold, Progress, Release
from tandem.gateway.configuration.schema import Route
from tandem.gateway.media.protocol import (
    Play,
    PlaybackEnded,
    Record,
    RecordingEnded,
    SendDigits,
    Source,
    StopPlay,
    StopRecord,
)

CLEAR = Release(Cause.NORMAL_CALL_CLEARING)
BUSY = Release(Cause.USER_BUSY)
trunks = pytest.mark.parametrize("name", ["c1", "s1"])


def plays(board):
    return [item for item in board.exchange.media() if isinstance(item, Play)]


def played(board, number, status="done"):
    board.board.media_ended(PlaybackEnded(number, status, 1000), board.now)
    board.settle()


@trunks
def test_ring_ready_then_answer(name):
    board = Board()
    half = board.call_application(name, "ring_ready", "sleep 2000", "answer", "park")
    assert board[name].to(half) == [Alerting()]
    board.run(3)
    assert board[name].to(half) == [Alerting(), Answer()]


@trunks
def test_hangup_with_a_cause(name):
    board = Board()
    half = board.call_application(name, "hangup 34")
    assert board[name].released(half).cause == 34


@trunks
def test_playback_before_answer_is_heard_as_early_media(name):
    board = Board()
    half = board.call_application(name, "pre_answer", "playback /tmp/a.wav", "playback /tmp/b.wav")
    assert board[name].to(half) == [Progress(inband=True)]
    (first,) = plays(board)
    assert (first.sink, first.what) == (half.endpoint, "/tmp/a.wav")
    played(board, first.number)
    (second,) = plays(board)
    assert second.what == "/tmp/b.wav"
    played(board, second.number, "cannot be read: no such file")
    assert board[name].released(half) == CLEAR
    assert "/tmp/b.wav: cannot be read: no such file" in [line.text for line in board.lines]


@trunks
def test_a_digit_ends_a_playback(name):
    board = Board()
    half = board.call_application(name, "answer", "playback /tmp/a.wav", "park")
    (play,) = plays(board)
    board.tell(half, Dtmf("5"))
    assert board.exchange.media() == []
    board.tell(half, Dtmf("*"))
    assert board.exchange.media() == [StopPlay(play.number)]
    assert board.board.dump(board.board.uuid_of(half)).state == "parked"
    assert board.board.get_variable(half.uuid, "playback_terminator_used") == "*"


@trunks
def test_what_plays_stops_when_the_channel_is_taken_elsewhere(name):
    board = Board()
    half = board.call_application(name, "answer", "gentones %(500,500,440)|3")
    (play,) = plays(board)
    assert play.what == "tone_stream://%(500,500,440);loops=3"
    board.board.park(board.board.uuid_of(half), board.now)
    board.settle()
    assert StopPlay(play.number) in board.exchange.media()


@trunks
def test_record_until_a_digit(name):
    board = Board()
    half = board.call_application(name, "answer", "record /tmp/r.wav 30", "park")
    (record,) = [item for item in board.exchange.media() if isinstance(item, Record)]
    assert record == Record(half.endpoint, record.number, "/tmp/r.wav", "received", 30.0)
    board.tell(half, Dtmf("#"))
    assert board.exchange.media() == [StopRecord(record.number)]
    board.board.media_ended(RecordingEnded(record.number, "stopped", 4200), board.now)
    board.settle()
    assert board.board.get_variable(board.board.uuid_of(half), "record_ms") == "4200"
    assert {H.RECORD_START, H.RECORD_STOP, H.CHANNEL_PARK} <= set(board.happened())


@trunks
def test_record_session_goes_on_beside_the_rest(name):
    board = Board()
    half = board.call_application(name, "answer", "record_session /tmp/r.wav", "park")
    (record,) = [item for item in board.exchange.media() if isinstance(item, Record)]
    assert record.mode == "mixed"
    assert board.board.dump(board.board.uuid_of(half)).state == "parked"


@trunks
def test_set_export_and_expansion(name):
    board = Board()
    half = board.call_application(
        name, "set a=1", "export b=${a}2", "set c=${destination_number}-${nothing}.", "answer", "park"
    )
    uuid = board.board.uuid_of(half)
    assert [board.board.get_variable(uuid, key) for key in "abc"] == ["1", "12", "123-."]
    assert board.board.get_variable(uuid, "export_vars") == "b"


@trunks
def test_read_takes_digits_until_the_terminator(name):
    board = Board()
    half = board.call_application(name, "answer", "read 1 5 /tmp/menu.wav pin 4000 #", "park")
    (play,) = plays(board)
    for digit in "12#":
        board.tell(half, Dtmf(digit))
    assert board.exchange.media() == [StopPlay(play.number)]
    uuid = board.board.uuid_of(half)
    assert board.board.get_variable(uuid, "pin") == "12"
    assert board.board.get_variable(uuid, "read_result") == "success"


@trunks
def test_read_that_hears_nothing_goes_on_after_its_time(name):
    board = Board()
    half = board.call_application(name, "answer", "read 1 5 /tmp/menu.wav pin 4000 #", "park")
    (play,) = plays(board)
    board.run(10)
    assert board.board.dump(board.board.uuid_of(half)).application == "read"
    played(board, play.number)
    board.run(3.9)
    assert board.board.dump(half.uuid).application == "read"
    board.run(0.2)
    assert board.board.get_variable(half.uuid, "read_result") == "timeout"


@trunks
def test_play_and_get_digits_asks_again(name):
    board = Board()
    half = board.call_application(
        name, r"play_and_get_digits 2 2 2 3000 # /tmp/ask.wav /tmp/no.wav x ^1\d", "answer", "park"
    )
    (ask,) = plays(board)
    board.tell(half, Dtmf("9"))
    board.tell(half, Dtmf("9"))
    (wrong,) = plays(board)
    assert (ask.what, wrong.what) == ("/tmp/ask.wav", "/tmp/no.wav")
    played(board, wrong.number)
    (again,) = plays(board)
    assert again.what == "/tmp/ask.wav"
    board.tell(half, Dtmf("1"))
    board.tell(half, Dtmf("7"))
    assert board.board.get_variable(board.board.uuid_of(half), "x") == "17"
    assert board.board.dump(half.uuid).state == "parked"


@trunks
def test_send_dtmf_takes_its_time(name):
    board = Board()
    half = board.call_application(name, "answer", "send_dtmf 12@200", "hangup")
    assert SendDigits(half.endpoint, "12", 200) in board.exchange.media()
    assert not half.released
    board.run(0.7)
    assert half.released


@trunks
def test_echo_and_park_go_on_until_something_else_is_wanted(name):
    board = Board()
    half = board.call_application(name, "answer", "echo")
    assert board.exchange.media()[-1] == Source(half.endpoint, half.endpoint, True)
    board.board.execute(board.board.uuid_of(half), "hangup", "", board.now)
    board.settle()
    assert not half.released  # it waits behind what is being done
    board.board.stop(half.uuid, board.now)
    board.settle()
    assert half.released


@trunks
def test_transfer_leads_to_the_routes(name):
    board = Board(Route(called="777", to=["c2"]))
    half = board.call_application(name, "answer", "sleep 1000", "transfer 777")
    board.run(2)
    (other,) = board["c2"].halves
    board.tell(other, Answer())
    assert board.board.dump(board.board.uuid_of(half)).other_uuid == board.board.uuid_of(other)
    board.tell(half, CLEAR)
    board.clear_all()
    assert board.control.calls == {}


@trunks
@pytest.mark.parametrize("words", ["777 s1", "777 XML s1"])
def test_transfer_may_name_the_trunk_whose_routes_it_takes(name, words):
    board = Board(Route(trunk=["s1"], called="777", to=["c2"]), Route(to=["s2"]))
    half = board.call_application(name, f"transfer {words}")
    assert len(board["c2"].halves) == 1
    board.tell(half, CLEAR)
    board.call_application("c1", "transfer 777 XML default")
    assert len(board["s2"].halves) == 1, "a context of FreeSWITCH's is no trunk"


def test_who_calls_a_leg():
    board = Board()
    board.call_application("c1", "set effective_caller_id_number=4930", "bridge isup/c2/1")
    board.call_application("c1", "set effective_caller_id_number=1", "bridge {origination_caller_id_number=2}isup/c2/1")
    assert [str(setup.calling) for _, _, setup in board["c2"].asked] == ["4930", "2"]


@pytest.mark.parametrize("target", ["isup/c2/55", "sip/s2/55"])
@trunks
def test_bridge_calls_and_joins(name, target):
    board = Board()
    half = board.call_application(name, f"bridge {target}")
    other = board[target.split("/")[1]].halves[0]
    board.tell(other, Alerting())
    assert board[name].to(half) == [Alerting()]
    board.tell(other, Answer())
    assert board[name].to(half) == [Alerting(), Answer()]
    assert {(item.sink, item.source) for item in board.exchange.media()[-2:]} == {
        (half.endpoint, other.endpoint),
        (other.endpoint, half.endpoint),
    }
    board.tell(other, CLEAR)
    assert board[name].released(half) == CLEAR
    board.clear_all()
    assert board.control.calls == {}
    (record,) = board.control.records
    assert (record.incoming.trunk, record.outgoing.trunk, record.attempts) == (name, target.split("/")[1], 2)


@trunks
def test_a_bridge_that_fails_ends_the_call_unless_it_may_go_on(name):
    board = Board()
    half = board.call_application(name, "bridge isup/c2/1", "park")
    board.tell(board["c2"].halves[0], BUSY)
    assert board[name].released(half) == BUSY
    half = board.call_application(name, "set continue_on_fail=true", "bridge isup/c2/1", "answer", "park")
    board.tell(board["c2"].halves[1], BUSY)
    assert board.board.dump(board.board.uuid_of(half)).state == "parked"
    assert board.board.get_variable(half.uuid, "originate_disposition") == "USER_BUSY"
    board.board.hang_up_all(board.now)
    board.settle()
    board.clear_all()
    assert board.control.calls == {}
    assert len(board.control.records) == 4  # one for each call and for each leg that failed


@trunks
def test_after_a_bridge_the_rest_is_done(name):
    board = Board()
    half = board.call_application(name, "bridge sip/s2/1", "playback /tmp/bye.wav")
    other = board["s2"].halves[0]
    board.tell(other, Answer())
    board.exchange.media()
    board.tell(other, CLEAR)
    (play,) = plays(board)
    assert (play.sink, half.released) == (half.endpoint, False)
    played(board, play.number)
    assert half.released
    board.clear_all()
    assert board.control.calls == {}
    records = {record.outgoing.trunk: record for record in board.control.records}
    assert set(records) == {"s2", "application"}
    assert records["application"].linked == [records["s2"].id]


@trunks
def test_who_hangs_up_while_legs_are_called_takes_them_along(name):
    board = Board()
    half = board.call_application(name, "bridge isup/c2/1,sip/s2/1")
    board.tell(half, CLEAR)
    assert board["c2"].released(board["c2"].halves[0]) is not None
    assert board["s2"].released(board["s2"].halves[0]) is not None
    board.clear_all()
    assert board.control.calls == {}
    assert board.board.applications.sessions == {}


def test_a_bridge_to_nowhere_is_told():
    board = Board()
    half = board.call_application("c1", "bridge isup/nowhere/1")
    assert board["c1"].released(half).cause == Cause.DESTINATION_OUT_OF_ORDER
    assert "there is no isup trunk 'nowhere'" in board.lines[0].text


def test_socket_hands_the_channel_over():
    board = Board()
    half = board.call_application("c1", "socket 127.0.0.1:9 async full")
    assert board.board.sockets == [(half.uuid, "127.0.0.1:9 async full")]
    board.board.execute(half.uuid, "answer", "", board.now)
    board.board.stop(half.uuid, board.now)
    board.settle()
    assert half.answered


def test_hold_is_told_to_the_peer():
    board = Board()
    half = board.call_application("s1", "answer", "hold", "park")
    assert Hold() in board["s1"].to(half)


def test_all_that_was_asked_for_is_there():
    wanted = """answer pre_answer ring_ready hangup bridge echo park hold playback record record_session gentones sleep
    set export read play_and_get_digits send_dtmf transfer socket"""
    assert set(wanted.split()) <= set(PROGRAMS)
