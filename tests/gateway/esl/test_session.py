"""One client of the event socket, every command of the protocol, and dialogues as fs_cli has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.esl.event import Event
from tandem.gateway.esl.session import (
    MOST_WAITING,
    Authenticated,
    ChannelMessage,
    Close,
    Follow,
    Raise,
    RunCommand,
    Send,
    Session,
    WrongPassword,
)
from tandem.gateway.esl.wire import Reader, parse_headers
from tandem.gateway.log import Line

CREATE = Event("CHANNEL_CREATE", {"Unique-ID": "u1"})


class Talk:
    """A session and the end that talks to it."""

    def __init__(self, authenticated=True, **options):
        self.session = Session("ClueCon", "look", new_uuid=lambda: "new-uuid", **options)
        self.reader = Reader()
        self.others = []
        self.session.start()
        assert self.heard() == [({"content-type": "auth/request"}, "")]
        if authenticated:
            assert self.say("auth ClueCon") == "+OK accepted"
            self.others.clear()

    def heard(self):
        """Whole messages since the last look; what else the session wants is kept."""
        found = []
        for output in self.session.outputs():
            if isinstance(output, Send):
                found += self.reader.feed(output.octets)
            else:
                self.others.append(output)
        return [(parse_headers(lines), body) for lines, body in found]

    def say(self, text):
        """The first reply to a command."""
        self.session.receive(text.encode() + b"\n\n")
        messages = self.heard()
        return messages[0][0].get("reply-text", messages[0][1]) if messages else None


def test_nothing_is_answered_before_the_password():
    talk = Talk(authenticated=False)
    assert talk.say("api status") == "-ERR command not found"
    assert talk.say("event plain ALL") == "-ERR command not found"
    assert talk.say("userauth 1000@x:y") == "-ERR invalid"
    talk.session.event(CREATE)
    assert talk.heard() == []
    assert talk.say("auth ClueCon") == "+OK accepted"
    assert talk.others == [Authenticated(read_only=False)]


@pytest.mark.parametrize("password", ["", "cluecon", "ClueCon ClueCon", "ClueCo", "ClueCon1"])
def test_a_wrong_password_ends_it(password):
    talk = Talk(authenticated=False)
    assert talk.say(f"auth {password}") == "-ERR invalid"
    assert talk.others == [WrongPassword(), Close("wrong password")]
    assert talk.say("auth ClueCon") is None


def test_read_only():
    talk = Talk(authenticated=False)
    assert talk.say("auth look") == "+OK accepted"
    assert talk.others == [Authenticated(read_only=True)]
    assert talk.session.read_only
    assert talk.say("sendmsg u1\ncall-command: hangup") == "-ERR this access is read-only"
    assert talk.say("sendevent CUSTOM") == "-ERR this access is read-only"
    assert talk.say("event plain ALL") == "+OK event listener enabled plain"


def test_no_read_only_password_is_not_an_empty_one():
    session = Session("ClueCon")
    session.receive(b"auth\n\n")
    assert WrongPassword() in session.outputs()


def test_api_waits_for_its_answer_and_what_is_behind_it_too():
    talk = Talk()
    talk.session.receive(b"api status\nconsole_execute: true\n\napi version\n\nnoevents\n\n")
    assert talk.heard() == []
    assert talk.others == [RunCommand(1, "status")]
    talk.session.answer(1, "UP\n")
    assert talk.heard() == [({"content-type": "api/response", "content-length": "3"}, "UP\n")]
    assert talk.others[1] == RunCommand(2, "version")
    talk.session.answer(1, "again")
    assert talk.heard() == []
    talk.session.answer(2, "Tandem\n")
    assert [headers["content-type"] for headers, _ in talk.heard()] == ["api/response", "command/reply"]
    assert talk.say("api") == "-ERR no command\n"


def test_bgapi_is_answered_at_once():
    talk = Talk()
    assert talk.say("bgapi status") == "+OK Job-UUID: new-uuid"
    assert talk.say("bgapi originate user/1 &echo\nJob-UUID: mine") == "+OK Job-UUID: mine"
    assert talk.others == [RunCommand(1, "status", "new-uuid"), RunCommand(2, "originate user/1 &echo", "mine")]
    assert talk.say("bgapi") == "-ERR Invalid Syntax"


@pytest.mark.parametrize("form", ["plain", "json", "xml"])
def test_events_in_each_form(form):
    talk = Talk()
    assert talk.say(f"event {form} CHANNEL_CREATE") == f"+OK event listener enabled {form}"
    talk.session.event(CREATE)
    talk.session.event(Event("HEARTBEAT"))
    ((headers, body),) = talk.heard()
    assert headers["content-type"] == f"text/event-{form}"
    assert body == CREATE.format(form)


def test_events_without_a_form_are_plain_and_words_may_have_commas():
    talk = Talk()
    assert talk.say("event CHANNEL_CREATE,DTMF") == "+OK event listener enabled plain"
    assert talk.say("event json") == "-ERR no keywords supplied"
    assert talk.say("event plain NONSENSE") == "-ERR no keywords supplied"


def test_events_are_taken_back():
    talk = Talk()
    talk.say("event plain ALL")
    assert talk.say("nixevent CHANNEL_CREATE") == "+OK events nixed"
    assert talk.say("nixevent NONSENSE") == "-ERR no keywords supplied"
    talk.session.event(CREATE)
    assert talk.heard() == []
    assert talk.say("noevents") == "+OK no longer listening for events"


def test_filters():
    talk = Talk()
    talk.say("event plain ALL")
    assert talk.say("filter Unique-ID u2") == "+OK filter added. [Unique-ID]=[u2]"
    talk.session.event(CREATE)
    assert talk.heard() == []
    assert talk.say("filter delete Unique-ID u2") == "+OK filter deleted. [Unique-ID]=[u2]"
    talk.session.event(CREATE)
    assert len(talk.heard()) == 1
    assert talk.say("filter Unique-ID") == "-ERR invalid syntax"


def test_sendevent():
    talk = Talk()
    talk.session.receive(b"sendevent CUSTOM\nevent-subclass: my::own\ncontent-length: 2\n\nhi")
    ((headers, _),) = talk.heard()
    assert headers["reply-text"] == "+OK new-uuid"
    assert talk.others == [Raise("CUSTOM", {"Event-Subclass": "my::own", "Event-UUID": "new-uuid"}, "hi")]
    assert talk.say("sendevent") == "-ERR no event name"


def test_sendmsg_waits_for_its_answer():
    talk = Talk()
    text = "sendmsg u1\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: a.wav"
    assert talk.say(text) is None
    (message,) = talk.others
    assert isinstance(message, ChannelMessage)
    assert (message.channel, message.headers["execute-app-name"]) == ("u1", "playback")
    talk.session.answer(message.number, "-ERR invalid session id [u1]")
    assert talk.heard()[0][0]["reply-text"] == "-ERR invalid session id [u1]"
    assert talk.say("sendmsg") == "-ERR invalid session id [none given]"


def test_myevents_of_a_channel():
    talk = Talk()
    assert talk.say("myevents u1 json") is None
    assert talk.others == [Follow(1, "u1")]
    talk.session.answer(1, "-ERR invalid uuid")
    talk.session.event(CREATE)
    assert [headers.get("reply-text") for headers, _ in talk.heard()] == ["-ERR invalid uuid"]
    talk.say("myevents json u1")
    talk.session.answer(2, "+OK Events Enabled")
    talk.heard()
    talk.session.event(CREATE)
    talk.session.event(Event("CHANNEL_CREATE", {"Unique-ID": "u2"}))
    assert [headers["content-type"] for headers, _ in talk.heard()] == ["text/event-json"]
    assert talk.say("myevents") == "-ERR missing uuid"


def test_log_at_a_level():
    talk = Talk()
    line = Line("warning", "!", "span e1", "LOS")
    talk.session.log(line)
    assert talk.heard() == []
    assert talk.say("log 6") == "+OK log level INFO [6]"
    talk.session.log(line)
    talk.session.log(Line("debug", "=", "x", "y"))
    ((headers, body),) = talk.heard()
    assert (headers["content-type"], headers["log-level"], body) == ("log/data", "4", "! span e1: LOS\n")
    assert talk.say("log") == "+OK log level DEBUG [7]"
    assert talk.say("log warning") == "+OK log level WARNING [4]"
    assert talk.say("log loud") == "-ERR invalid log level"
    assert talk.say("log 9") == "-ERR invalid log level"
    assert talk.say("nolog") == "+OK no longer logging"
    assert talk.say("nolog") == "-ERR not logging"


def test_exit():
    talk = Talk()
    talk.session.receive(b"exit\n\n")
    first, second = talk.heard()
    assert first[0]["reply-text"] == "+OK bye"
    assert second[0]["content-type"] == "text/disconnect-notice"
    assert talk.others == [Close("it left")]
    talk.session.event(CREATE)
    talk.session.log(Line("error", "!", "x", "y"))
    assert talk.heard() == []


def test_unknown_commands_are_told_so():
    assert Talk().say("frobnicate") == "-ERR command not found"


def test_divert_events():
    talk = Talk()
    assert talk.say("divert_events on") == "+OK events diverted"
    assert talk.session.diverting
    assert talk.say("divert_events off") == "+OK events not diverted"
    assert talk.say("divert_events maybe") == "-ERR say on or off"


def test_the_gateway_leaves():
    talk = Talk()
    talk.session.leave("the gateway ends")
    assert talk.heard()[0][0]["content-type"] == "text/disconnect-notice"
    assert talk.others == [Close("the gateway ends")]


# --- outbound


def outbound():
    talk = Talk.__new__(Talk)
    talk.session, talk.reader, talk.others = Session("ClueCon", new_uuid=lambda: "new"), Reader(), []
    talk.session.start_outbound("u1", {"Unique-ID": "u1", "Channel-Name": "sip/pbx/1", "variable_x": "a b"})
    assert talk.heard() == []
    return talk


def test_connect_tells_of_the_channel():
    talk = outbound()
    talk.session.receive(b"connect\n\n")
    ((headers, _),) = talk.heard()
    assert headers["content-type"] == "command/reply"
    assert (headers["reply-text"], headers["event-name"], headers["control"]) == ("+OK", "CHANNEL_DATA", "full")
    assert (headers["unique-id"], headers["variable_x"]) == ("u1", "a%20b")
    assert talk.say("getvar x") == "a b"


def test_sendmsg_without_a_channel_means_its_own():
    talk = outbound()
    talk.session.receive(b"sendmsg\ncall-command: execute\nexecute-app-name: answer\n\n")
    talk.heard()
    assert talk.others[0].channel == "u1"


def test_myevents_follows_its_own_channel():
    talk = outbound()
    assert talk.say("myevents") == "+OK Events Enabled"
    talk.session.event(CREATE)
    assert len(talk.heard()) == 1


def test_its_end_closes_it_unless_it_lingers():
    talk = outbound()
    talk.session.channel_ended({"Channel-Name": "sip/pbx/1"})
    ((headers, _),) = talk.heard()
    assert headers["content-disposition"] == "disconnect"
    assert isinstance(talk.others[0], Close)
    talk = outbound()
    assert talk.say("linger 10") == "+OK will linger 10 seconds"
    talk.session.channel_ended({})
    ((headers, _),) = talk.heard()
    assert (headers["content-disposition"], headers["linger-time"]) == ("linger", "10")
    assert talk.others == []
    assert talk.say("nolinger") == "+OK will not linger"
    assert talk.say("linger") == "+OK will linger"
    assert Talk().say("linger") == "-ERR not controlling a session"
    assert Talk().say("nolinger") == "-ERR not controlling a session"


# --- trouble


def test_what_is_no_protocol_ends_it():
    talk = Talk(authenticated=False)
    talk.session.receive(b"x" * 100_000)
    talk.heard()
    assert isinstance(talk.others[0], Close)


def test_requests_that_wait_have_a_limit():
    talk = Talk()
    talk.session.receive(b"api status\n\n" + b"noevents\n\n" * (MOST_WAITING + 1))
    talk.heard()
    assert isinstance(talk.others[-1], Close)


WORDS = ["auth", "api", "bgapi", "event", "nixevent", "myevents", "filter", "sendmsg", "log", "linger", "exit"]


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.tuples(st.sampled_from(WORDS), st.text(max_size=20)).map(lambda pair: " ".join(pair).encode() + b"\n\n"),
            st.just(b"auth ClueCon\n\n"),
        ),
        max_size=30,
    )
)
def test_any_octets_leave_a_session_that_stands_or_is_closed(pieces):
    session = Session("ClueCon")
    session.start()
    closed = 0
    for piece in pieces:
        session.receive(piece)
        for output in session.outputs():
            if isinstance(output, RunCommand | ChannelMessage | Follow) and not getattr(output, "job", ""):
                session.answer(output.number, "+OK")
            closed += isinstance(output, Close)
        session.event(CREATE)
        session.log(Line("info", "=", "x", "y"))
    assert closed <= 1


#: What fs_cli sends, and what it waits for before it goes on: `fs_cli -x status`, then one at its prompt.
FS_CLI = [
    (b"auth ClueCon\n\n", b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n"),
    (b"api status\nconsole_execute: true\n\n", b"Content-Type: api/response\nContent-Length: 3\n\nUP\n"),
]
FS_CLI_PROMPT = [
    (b"auth ClueCon\n\n", b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n"),
    (b"api switchname\n\n", b"Content-Type: api/response\nContent-Length: 6\n\ntandem"),
    (b"log 7\n\n", b"Content-Type: command/reply\nReply-Text: +OK log level DEBUG [7]\n\n"),
    (
        b"event plain ALL\n\n",
        b"Content-Type: command/reply\nReply-Text: +OK event listener enabled plain\n\n",
    ),
    (
        b"api console_complete c=2;sh\nconsole_execute: true\n\n",
        b"Content-Type: api/response\nContent-Length: 5\n\nshow ",
    ),
    (b"nolog\n\n", b"Content-Type: command/reply\nReply-Text: +OK no longer logging\n\n"),
    (b"exit\n\n", b"Content-Type: command/reply\nReply-Text: +OK bye\n\n"),
]
ANSWERS = {"status": "UP\n", "switchname": "tandem", "console_complete c=2;sh": "show "}


@pytest.mark.parametrize("dialogue", [FS_CLI, FS_CLI_PROMPT])
@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_dialogues_of_fs_cli_octet_by_octet(dialogue, piece):
    session = Session("ClueCon")
    session.start()

    def heard():
        return b"".join(output.octets for output in session.outputs() if isinstance(output, Send))

    assert heard() == b"Content-Type: auth/request\n\n"
    for sent, wanted in dialogue:
        said = b""
        for start in range(0, len(sent), piece):
            session.receive(sent[start : start + piece])
        for output in session.outputs():
            if isinstance(output, RunCommand):
                session.answer(output.number, ANSWERS[output.line])
            elif isinstance(output, Send):
                said += output.octets
        said += heard()
        assert said.startswith(wanted), (sent, said)
