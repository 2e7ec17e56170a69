"""Ends of a gateway with calls up: SIGTERM in order, SIGKILL without warning."""

import contextlib
import json
import signal
import subprocess

import pytest
from support.built_pjsip import used
from support.gateways import CIRCUITS, GatewayPair, wait_for
from support.peers import program
from support.sipp import Sipp

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

CALLS = 5
NUMBER = "301234567"


@pytest.fixture
def pair(tmp_path, request):
    """With another engine of SIP by its parameter."""
    with used(getattr(request, "param", "native")) as engine:
        pair = GatewayPair(tmp_path, capture=True, engine=engine)
    yield pair
    pair.close()


both_engines = pytest.mark.parametrize("pair", ["native", "pjsua2-built"], indirect=True)


def calls(pair, speech, folder, caller, hold, callee="callee_answers", **values):
    """SIPps with CALLS calls from A to B."""
    answering = Sipp(
        callee, folder / "b", pair["B"].user, calls=CALLS, called=NUMBER, ring=50, payload=8, speech=speech[8]
    )
    media = {"payload": 0, "speech": speech[0], "called": f"0{NUMBER}", "calling": "302000"}
    options = ["-r", "20"]
    if hold is not None:
        media["hold"] = hold
    asking = Sipp(caller, folder / "a", None, pair["A"].sip, calls=CALLS, options=options, **media, **values)
    return answering, asking


def answered(gateway):
    gateway.read()
    return sum(text == "< ANM" for text in gateway.messages()) == CALLS


@both_engines
def test_terminated_with_calls_up(pair, speech, tmp_path):
    """SIGTERM: BYE to the SIP side, REL to the other exchange, all circuits blocked, records written, status 0."""
    # 31: normal, unspecified
    answering, asking = calls(pair, speech, tmp_path, "caller_is_left", None, cause=31)
    with answering, asking:
        wait_for(lambda: answered(pair["A"]), "all calls answered")
        assert pair["A"].stop(signal.SIGTERM) == 0
        asking.wait()
        answering.wait()
    a, b = pair["A"], pair["B"]
    for gateway in (a, b):
        wait_for(lambda gateway=gateway: len(gateway.records()) == CALLS, f"records of {gateway.name}")
    assert {(record.cause, record.released_by) for record in a.records()} == {(31, "gateway")}
    assert {(record.cause, record.released_by) for record in b.records()} == {(31, "incoming")}
    assert a.messages().count("> REL") == CALLS
    assert a.messages().count("< RLC") == CALLS
    assert "> CGB" in a.messages()
    assert "< CGBA" in a.messages()
    wait_for(lambda: b.read() or len(b.circuits) == CIRCUITS, "states at B", 5)
    assert {text for text in b.circuits.values() if text.startswith("idle, ")} == set(b.circuits.values())
    command = [program("tshark", "tshark"), "-r", str(a.capture_file), "-Y", "isup.message_type == 24"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert found  # CGB, message type 24, is in the capture
    assert b.stop(signal.SIGTERM) == 0


def test_new_calls_are_refused_while_ending(pair, speech, tmp_path):
    """A gateway whose neighbour blocked everything still runs and refuses calls with cause 34."""
    pair["A"].stop(signal.SIGTERM)
    b = pair["B"]
    wait_for(lambda: b.read() is not None and all("block" in t or "," in t for t in b.circuits.values()), "blocked")
    with Sipp(
        "caller_is_refused",
        tmp_path / "caller",
        None,
        b.sip,
        called=f"0{NUMBER}",
        calling="302000",
        payload=8,
        status=503,
        cause=34,
    ) as refused:
        refused.wait()


@both_engines
def test_killed(pair, speech, tmp_path):
    """SIGKILL: every call that had ended is in the records, whole lines all; the other gateway notices and clears."""
    answering, asking = calls(pair, speech, tmp_path / "first", "caller_hangs_up", 300)
    with answering, asking:
        asking.wait()
        answering.wait()
    pair.wait_idle()
    wait_for(lambda: len(pair["A"].records()) == CALLS, "records")
    answering, asking = calls(pair, speech, tmp_path / "second", "caller_hangs_up", 60_000)
    with answering, asking:
        wait_for(lambda: pair["A"].read() is not None and pair["A"].messages().count("< ANM") == 2 * CALLS, "calls up")
        pair["A"].process.send_signal(signal.SIGKILL)
        assert pair["A"].process.wait(10) == -signal.SIGKILL
    lines = pair["A"].records_file.read_text().splitlines()
    assert [json.loads(line)["cause"] for line in lines] == [16] * CALLS
    b = pair["B"]
    wait_for(lambda: any("failed" in text for text in (b.read(), b.trouble())[1]), "B notices that the link is lost")
    assert b.process.poll() is None


@both_engines
def test_its_processes_end_with_a_killed_gateway(pair):
    """The media process must not stay behind when its gateway is killed, nor that of PJSIP."""
    _, *others = pair["A"].processes()
    assert len(others) == (1 if pair.engine == "native" else 2)
    pair["A"].stop(signal.SIGKILL)

    def gone():
        for one in others:
            with contextlib.suppress(OSError), open(f"/proc/{one}/stat") as file:
                if file.read().split()[2] != "Z":
                    return False
        return True

    wait_for(gone, "they end", 10)
