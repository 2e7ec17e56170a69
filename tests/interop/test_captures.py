"""The captures that two gateways wrote of the same calls, read by tshark: nothing malformed, and every call whole."""

import datetime
import signal

import pytest
from support.captures import complaints, isup_messages, protocols
from support.gateways import GatewayPair
from support.sipp import Sipp

from tandem.gateway.analyser.analysis import analyse

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

CALLING = "302000"
ANSWERED = ["IAM", "ACM", "ANM", "REL", "RLC"]


@pytest.fixture(scope="module")
def pair(tmp_path_factory, speech):
    """Two gateways that carried one answered and one refused call in each direction, and were stopped."""
    folder = tmp_path_factory.mktemp("captures")
    pair = GatewayPair(folder, capture=True)
    try:
        for first, second, digit in ("AB1", "BA2"):
            payload = {name: {"A": 0, "B": 8}[name] for name in "AB"}
            asking = {"calling": CALLING, "payload": payload[first]}
            number = f"30123456{digit}"
            talk = {"payload": payload[second], "speech": speech[payload[second]], "ring": 200}
            one_call(
                pair,
                folder,
                (first, second, number),
                ("caller_hangs_up", {"speech": speech[payload[first]], "hold": 500} | asking),
                ("callee_answers", talk),
            )
            number = f"30765432{digit}"
            one_call(
                pair,
                folder,
                (first, second, number),
                ("caller_is_refused", {"status": 486, "cause": 17} | asking),
                ("callee_refuses", {"status": 486, "reason": ""}),
            )
        pair.wait_idle()
        for gateway in pair.gateways.values():
            assert gateway.stop(signal.SIGTERM) == 0
        yield pair
    finally:
        pair.close()


def one_call(pair, folder, way, caller, callee):
    first, second, number = way
    with Sipp(callee[0], folder / f"{number}-callee", pair[second].user, called=number, **callee[1]) as answering:
        values = {"called": f"0{number}"} | caller[1]
        with Sipp(caller[0], folder / f"{number}-caller", None, pair[first].sip, **values) as asking:
            asking.wait()
        answering.wait()


def ports(pair):
    return [gateway.sip for gateway in pair.gateways.values()]


@pytest.mark.parametrize("name", ["A", "B"])
def test_nothing_is_malformed(pair, name):
    path = pair[name].capture_file
    assert complaints(path, ports(pair)) == []
    assert {"mtp2", "mtp3", "mtp3mg", "isup", "sip", "sdp"} <= protocols(path, ports(pair))


@pytest.mark.parametrize("name", ["A", "B"])
@pytest.mark.parametrize("digit", ["1", "2"])
def test_calls_are_whole(pair, name, digit):
    """IAM to RLC of both calls of one direction, on one circuit each, with numbers and cause, as this side saw them."""
    messages = isup_messages(pair[name].capture_file)
    caller = {"1": "A", "2": "B"}[digit]
    codes = {"A": 1, "B": 2}
    for number, kinds, forward in (
        (f"30123456{digit}", ANSWERED, {"IAM", "REL"}),
        (f"30765432{digit}", ["IAM", "ACM", "REL", "RLC"], {"IAM", "RLC"}),
    ):
        (start,) = [at for at, seen in enumerate(messages) if seen.called.rstrip("F") == number]
        iam = messages[start]
        call = [seen for seen in messages[start:] if seen.cic == iam.cic][: len(kinds)]
        assert [seen.type for seen in call] == kinds
        assert iam.calling == CALLING
        for seen in call:
            from_caller = seen.type in forward
            assert seen.sent == (from_caller == (name == caller))
            assert seen.opc == codes[caller] if from_caller else seen.dpc == codes[caller]
        (release,) = [seen for seen in call if seen.type == "REL"]
        assert release.cause == (16 if kinds is ANSWERED else 17)


def test_both_saw_the_same(pair):
    """What one sent is what the other received."""
    a, b = (isup_messages(pair[name].capture_file) for name in "AB")
    for one, other in ((a, b), (b, a)):
        sent = [(seen.type, seen.cic, seen.called) for seen in one if seen.sent]
        received = [(seen.type, seen.cic, seen.called) for seen in other if not seen.sent]
        # The one that stopped first hears no more of the other's blocking.
        assert received == sent[: len(received)]
        assert len(received) >= 10


@pytest.mark.parametrize("name", ["A", "B"])
def test_the_analyser_finds_the_calls_of_the_records(pair, name):
    """Every call detail record has its ISUP and its SIP attempt in the capture, with the same times and cause."""

    def seconds(time):
        return None if time is None else datetime.datetime.fromisoformat(time).timestamp()

    found = analyse([str(pair[name].capture_file)])
    records = pair[name].records()
    assert len(records) == 4
    assert sorted(call.protocol for call in found.calls) == ["isup"] * 4 + ["sip"] * 4
    for record in records:
        sides = {side.protocol: side for side in (record.incoming, record.outgoing)}
        (sip,) = [call for call in found.calls if call.call_id == sides["sip"].id]
        (isup,) = (call for call in found.calls if call.id in {leg.id for leg in sip.legs})
        assert isup.cic == int(sides["isup"].id.partition("/")[2])
        assert (sip.cause, isup.cause) == (record.cause, record.cause)
        for call in (sip, isup):
            assert call.start == pytest.approx(seconds(record.setup_time), abs=0.1)
            assert (call.answered is not None) == (record.answer_time is not None)
            assert call.released == pytest.approx(seconds(record.release_time), abs=0.1)
            if call.answered is not None:
                assert call.answered == pytest.approx(seconds(record.answer_time), abs=0.1)
        by_caller = {"incoming": "calling", "outgoing": "called"}[record.released_by]
        assert (sip.released_by, isup.released_by) == (by_caller, by_caller)
    assert [finding for finding in found.findings if finding.severity == "error"] == []
