import click
from support.findings import record as made

from tandem.gateway.analyser.ladder import WIDEST, ends_of, ladder
from tandem.gateway.analyser.model import CallMessage, Finding, Leg, MediaStream

START = 3661.25


def call(*messages, **values):
    """Messages as (packet, seconds, type, forward, summary)."""
    kept = [CallMessage(packet, START + after, kind, forward, text) for packet, after, kind, forward, text in messages]
    base = {"start": START, "id": "isup-1", "source": "10.0.0.1:2905", "destination": "10.0.0.2:2905"}
    found = made(values.pop("protocol", "isup"), [], **(base | values))
    found.messages = kept
    return found


def shown(*arguments):
    return [click.unstyle(line) for line in ladder(*arguments)]


def test_a_call_between_two_ends():
    found = call(
        (1, 0, "IAM", True, "99 to 123"), (4, 0.5, "ACM", False, "alerting"), (5, 2, "ANM", False, ""),
        (6, 70, "REL", True, "cause 16"), (7, 70.1, "RLC", False, ""),
        calling="99", called="123", outcome="answered", alerting=START + 0.5, answered=START + 2,
        released=START + 70, completed=START + 70.1, released_by="calling", cause=16,
        post_dial_delay=0.5, duration=68.0,
    )  # fmt: skip
    assert shown(found) == [
        "isup-1: 99 to 123, answered",
        "1970-01-01, 01:01:01.250 UTC, circuit 7",
        "",
        "                                  0-0-1                                   0-0-2",
        "                                  10.0.0.1:2905                   10.0.0.2:2905",
        "01:01:01.250     +0.000        1  │─ IAM 99 to 123 ──────────────────────────▶│",
        "                 +0.500        4  │◀─ ACM alerting ───────────────────────────│  ringing",
        "                 +2.000        5  │◀─ ANM ────────────────────────────────────│  answered",
        "01:02:11.250    +70.000        6  │─ REL cause 16 ───────────────────────────▶│  released by the calling side",
        "                +70.100        7  │◀─ RLC ────────────────────────────────────│  over",
        "",
        "post-dial delay 0.50 s, talk 68.00 s",
        "cause 16 Normal call clearing, released by the calling side",
    ]


def test_legs_side_by_side():
    isup = call((3, 0.1, "IAM", True, ""), (4, 0.3, "REL", False, "cause 34"), start=START + 0.1)
    sip = call(
        (1, 0, "INVITE", True, ""), (5, 0.4, "503", False, ""), protocol="sip", id="sip-2", call_id="c@h",
        source="192.0.2.1:5060", destination="192.0.2.2:5060", legs=[Leg("isup-1", 0.9, "numbers and time")],
    )  # fmt: skip
    found = [Finding(kind="k", severity="error", text="It broke", clause="Q.764 1", fault="who", packets=[4, 5])]
    lines = shown(sip, [isup], found)
    assert lines[1] == "1970-01-01, 01:01:01.250 UTC, Call-ID c@h"
    assert lines[3].split() == ["sip-2", "isup-1"]
    columns = {line.index("│") for line in lines if "│" in line}
    assert len(columns) == 1
    assert {line.count("│") for line in lines if "│" in line} == {4}
    assert next(line for line in lines if "IAM" in line).index("IAM") > 34 + 2 * 30
    assert lines[-2:] == [
        "same call: isup-1 (numbers and time, 90 % sure)",
        "error: It broke (Q.764 1). Fault: who. Packets 4, 5",
    ]


def test_the_columns_are_straight_whatever_is_in_them():
    long = call((1, 0, "IAM", True, "9" * 100), (2, 1, "X" * 200, False, ""), (3, 2, "REL", True, ""))
    ends = [line.index("│", 35) for line in shown(long) if "│" in line]
    assert len(set(ends)) == 1
    assert ends[0] <= 34 + WIDEST
    names = call(
        source="[2001:db8::1111:2222:3333]:15060", destination="[2001:db8::9999:2222:3333]:25060", protocol="sip"
    )
    assert len([line for line in shown(names) if "2001" in line]) == 2  # one below the other


def test_what_was_captured_twice_was_not_sent_again():
    sip = call(
        *[(packet, time, "INVITE", True, "") for packet, time in ((1, 0), (2, 0.00001), (3, 0.5))], protocol="sip"
    )
    for message in sip.messages[1:]:
        message.duplicate = True
    assert [line.split("INVITE")[1].split("─")[0].strip() for line in shown(sip) if "INVITE" in line] == [
        "", "(seen twice)", "(again)",
    ]  # fmt: skip


def test_speech_and_no_messages():
    stream = MediaStream(
        source="a:1", destination="b:2", ssrc=1, codec="PCMA", first=1, last=2, packets=9, lost=1, jitter_ms=2.0,
        mos=4.1, digits="12",
    )  # fmt: skip
    found = call(protocol="sip", media=[stream])
    assert shown(found)[-1] == ("speech a:1 to b:2: PCMA, 9 packets, 1 lost, jitter 2.0 ms, MOS 4.10, digits 12")


def test_ends():
    assert ends_of(call()) == ("0-0-1 10.0.0.1:2905", "0-0-2 10.0.0.2:2905")
    assert ends_of(call(source="0-0-1", destination="0-0-2")) == ("0-0-1", "0-0-2")
    assert ends_of(call(protocol="sip", source="", destination="")) == ("?", "??")
