"""Commands about calls, on circuits and on SIP."""

import json

import pytest
from support.node_pair import ADDRESS, OFFER
from support.operator_desk import PRI, DeskBench, talk

from tandem.gateway.media.protocol import Play, Record, SendDigits, StopPlay, StopRecord
from tandem.gateway.operator.calls import words_of
from tandem.gateway.sip.primitives import Answered, Ended, IncomingInvite, InviteRequest, Provisional

GONE = "-ERR No such channel!\n"


def uuids(bench):
    return [row["uuid"] for row in json.loads(bench.ask("show channels as json")).get("rows", ())]


def media(bench, kind):
    return [command for command in bench.media["A"] if isinstance(command, kind)]


def test_words_with_brackets_and_quotes_hold_together():
    assert words_of("{a=b c,d=e}isup/x/1 &playback(a b.wav)") == ["{a=b c,d=e}isup/x/1", "&playback(a b.wav)"]
    assert words_of("[x= 1]sip/a/1 '&echo()' XML") == ["[x= 1]sip/a/1", "'&echo()'", "XML"]
    assert words_of("  a  ") == ["a"]
    assert words_of("") == []
    assert words_of("{never closed") == ["{never closed"]


def test_originate_answers_with_the_channel_when_somebody_has_answered():
    bench = DeskBench().up()
    answers = bench.begin("originate {origination_caller_id_number=4711}isup/pstn/301234 &park")
    assert answers == []
    bench.run(0.3)
    (offered,) = bench.events("b", IncomingInvite)
    bench.call("b", "respond", offered.call, 200, body=OFFER)
    bench.run(0.3)
    assert answers[0].startswith("+OK ")
    channel = answers[0].split()[1]
    assert bench.ask(f"uuid_exists {channel}") == "true"
    assert bench.ask(f"uuid_getvar {channel} origination_caller_id_number") == "4711"
    assert bench.audit[-3][2].startswith("originate ")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("originate", "-ERR usage: originate"),
        ("originate isup/pstn/1", "-ERR usage: originate"),
        ("originate isup/nobody/1 &park", "-ERR "),
        ("originate sofia/internal/1@x &park", "-ERR "),
        ("originate isup/pstn/1 &frobnicate", "-ERR there is no application 'frobnicate'"),
    ],
)
def test_what_cannot_be_originated(line, text):
    bench = DeskBench().up()
    answers = bench.begin(line)
    bench.run(1)
    assert answers, "it has not answered"
    assert answers[0].startswith(text)


def test_originate_that_fails_tells_the_cause():
    bench = DeskBench().up()
    answers = bench.begin("originate isup/pstn/301234 &park")
    bench.run(0.3)
    bench.call("b", "respond", bench.events("b", IncomingInvite)[-1].call, 486)
    bench.run(0.5)
    assert answers == ["-ERR USER_BUSY\n"]


def test_two_parked_channels_are_bridged_and_killed():
    bench = DeskBench().up()
    first, second = bench.called(), bench.called()
    assert bench.ask(f"uuid_bridge {first} {second}") == f"+OK {second}\n"
    bench.run(0.2)
    rows = json.loads(bench.ask("show calls as json"))["rows"]
    assert [{row["uuid"], row["b_uuid"]} for row in rows] == [{first, second}]
    assert bench.ask(f"uuid_kill {first} USER_BUSY") == "+OK\n"
    bench.run(2)
    assert uuids(bench) == []
    assert bench.ask(f"uuid_exists {first}") == "false"
    assert len(bench.events("b", Ended)) == 2


def test_a_channel_that_is_not_there():
    bench = DeskBench().up()
    for line in (
        "uuid_kill x",
        "uuid_bridge x y",
        "uuid_transfer x 1",
        "uuid_transfer x -bleg 1",
        "uuid_park x",
        "uuid_hold x",
        "uuid_hold off x",
        "uuid_broadcast x f.wav",
        "uuid_broadcast x playback::f.wav",
        "uuid_break x",
        "uuid_record x start f.wav",
        "uuid_record x stop all",
        "uuid_send_dtmf x 1",
        "uuid_setvar x a b",
        "uuid_getvar x a",
        "uuid_dump x",
    ):
        assert bench.ask(line) == GONE, line
    assert bench.ask("uuid_exists x") == "false"


def test_a_call_is_transferred_parked_and_ended_with_all_others():
    bench = DeskBench().up()
    talk(bench)
    caller, called = uuids(bench)
    assert bench.ask(f"uuid_park {caller}") == "+OK\n"
    bench.run(0.5)
    assert uuids(bench) == [caller]
    assert bench.ask(f"uuid_transfer {caller} -bleg 301234") == "-ERR the channel talks with nobody\n"
    assert bench.ask(f"uuid_transfer {caller} 305555") == "+OK\n"
    bench.run(0.3)
    assert len(uuids(bench)) == 2
    assert called not in uuids(bench)
    assert bench.ask("hupall") == "+OK hangup all channels with cause NORMAL_CLEARING, 1 call(s)\n"
    bench.run(2)
    assert uuids(bench) == []
    assert bench.all_idle()


def test_both_legs_are_transferred():
    bench = DeskBench().up()
    talk(bench)
    caller, called = uuids(bench)
    assert bench.ask(f"uuid_transfer {caller} -both &park") == "+OK\n"
    bench.run(0.5)
    rows = json.loads(bench.ask("show channels as json"))["rows"]
    assert {(row["uuid"], row["state"]) for row in rows} == {(caller, "CS_PARK"), (called, "CS_PARK")}
    assert bench.ask(f"uuid_transfer {caller} -both &park") == "-ERR the channel talks with nobody\n"


def test_the_other_leg_is_transferred():
    bench = DeskBench().up()
    talk(bench)
    caller, called = uuids(bench)
    assert bench.ask(f"uuid_transfer {caller} -bleg &park") == "+OK\n"
    bench.run(0.5)
    assert [(row["uuid"], row["state"]) for row in json.loads(bench.ask("show channels as json"))["rows"]] == [
        (called, "CS_PARK")
    ]


def test_media_commands():
    bench = DeskBench().up()
    channel = bench.called()
    assert bench.ask(f"uuid_broadcast {channel} hello.wav") == "+OK Message sent\n"
    assert "hello.wav" in str(media(bench, Play)[-1])
    assert bench.ask(f"uuid_break {channel} all") == "+OK\n"
    assert media(bench, StopPlay)
    assert bench.ask(f"uuid_record {channel} start r.wav 10") == "+OK Success\n"
    assert media(bench, Record)
    assert bench.ask(f"uuid_record {channel} stop all") == "+OK Success\n"
    assert media(bench, StopRecord)
    assert bench.ask(f"uuid_send_dtmf {channel} 12#@200") == "+OK\n"
    assert media(bench, SendDigits)
    assert bench.ask(f"uuid_broadcast {channel} playback::a.wav") == "+OK Message sent\n"
    assert bench.ask(f"uuid_hold {channel}") == "+OK Success\n"
    assert bench.ask(f"uuid_hold off {channel}") == "+OK Success\n"
    assert bench.ask(f"uuid_hold toggle {channel}") == "+OK Success\n"
    assert bench.nodes["A"].switchboard.find(channel) in bench.nodes["A"].switchboard._holding


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("uuid_send_dtmf {} 12x", "-ERR '12x' are not digits"),
        ("uuid_send_dtmf {} 1@5", "-ERR a digit lasts 20 to 8000"),
        ("uuid_broadcast {} a.wav cleg", "-ERR the last word is"),
        ("uuid_broadcast {} dance::x", "-ERR there is no application 'dance'"),
        ("uuid_record {} begin x", "-ERR usage: uuid_record"),
        ("uuid_record {} start x long", "-ERR usage: uuid_record"),
        ("uuid_bridge {} {}", "-ERR a channel cannot be joined to itself"),
        ("uuid_setvar {}", "-ERR usage: uuid_setvar"),
        ("uuid_dump {} yaml", "-ERR the form is"),
    ],
)
def test_what_is_refused(line, text):
    bench = DeskBench().up()
    assert bench.ask(line.replace("{}", bench.called())).startswith(text)


def test_variables_and_dump():
    bench = DeskBench().up()
    channel = bench.called()
    assert bench.ask(f"uuid_setvar {channel} greeting good morning") == "+OK\n"
    assert bench.ask(f"uuid_getvar {channel} greeting") == "good morning"
    dump = bench.ask(f"uuid_dump {channel}")
    assert f"Unique-ID: {channel}\n" in dump
    assert "variable_greeting: good%20morning\n" in dump
    assert json.loads(bench.ask(f"uuid_dump {channel} json"))["Channel-State"] == "CS_PARK"
    assert bench.ask(f"uuid_dump {channel} xml").startswith("<event>")
    bench.ask(f"uuid_setvar {channel} greeting")
    assert bench.ask(f"uuid_getvar {channel} greeting") == "_undef_"


def test_on_a_pri_that_is_down():
    bench = DeskBench(configuration=PRI)
    answers = bench.begin("originate pri/line/100 &park")
    bench.run(1)
    assert answers == ["-ERR DESTINATION_OUT_OF_ORDER\n"]


def test_completion_knows_the_channels():
    bench = DeskBench().up()
    channel = bench.called()
    assert channel in bench.ask("console_complete uuid_kill ")


def test_what_speech_is_coded_with_and_where_a_channel_comes_from():
    bench = DeskBench(sip_trunk='codecs = ["PCMU"]').up()
    talk(bench)
    rows = {row["name"].split("/")[0]: row for row in json.loads(bench.ask("show channels as json"))["rows"]}
    assert {name: (row["read_codec"], row["write_codec"], row["read_rate"]) for name, row in rows.items()} == {
        "sip": ("PCMU", "PCMU", 8000),
        "isup": ("PCMA", "PCMA", 8000),
    }
    assert {name: (row["context"], row["dialplan"]) for name, row in rows.items()} == {
        "sip": ("pbx", "routes"),
        "isup": ("pstn", "routes"),
    }
    assert "Channel-Read-Codec-Name: PCMA\n" in bench.ask(f"uuid_dump {rows['isup']['uuid']}")


def test_a_parked_caller_is_told_that_it_rings_then_hears_something_then_is_answered():
    bench = DeskBench().up()
    request = InviteRequest(
        "sip:700@127.0.0.1:5060", "sip:100@127.0.0.1", "sip:700@127.0.0.1", ADDRESS["A"], body=OFFER
    )
    bench.call("a", "invite", request)
    bench.run(0.2)
    channel = next(
        row["uuid"] for row in json.loads(bench.ask("show channels as json"))["rows"] if "sip" in row["name"]
    )
    assert bench.ask(f"uuid_park {channel}") == "+OK\n"
    bench.run(0.2)
    for order, status in (("uuid_ring_ready", 180), ("uuid_pre_answer", 183)):
        assert bench.ask(f"{order} {channel}") == "+OK\n"
        bench.run(0.2)
        assert bench.events("a", Provisional)[-1].status == status
    assert bench.ask(f"uuid_answer {channel}") == "+OK\n"
    bench.run(0.2)
    assert bench.events("a", Answered)
    assert uuids(bench) == [channel], "and is parked again"
    assert bench.ask("uuid_answer nobody") == GONE
    assert bench.ask(f"eval uuid:{channel} to ${{destination_number}} by ${{trunk}}") == "to 700 by pbx"
    assert bench.ask("eval ${nothing}here") == "here"
    assert bench.ask("eval uuid:nobody x") == GONE
