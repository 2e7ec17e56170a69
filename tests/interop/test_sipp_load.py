"""Hundreds of calls with speech by SIPp, in both directions at once; nothing may be left over, nothing may grow."""

import signal

import pytest
from support.gateways import CIRCUITS, GatewayPair, wait_for
from support.sipp import Sipp

pytestmark = [pytest.mark.interop, pytest.mark.realtime, pytest.mark.alone, pytest.mark.timeout(240)]

PAYLOAD = {"A": 0, "B": 8}
#: Each round: so many calls from A to B and from B to A, this many new ones a second, each of HOLD ms.
CALLS, RATE, HOLD = 50, 10, 1000
ROUNDS = 4
#: kB that a process may grow from the second round to the last: transactions linger for 32 s and bounded caches still
#: fill. What calls leave behind for good is counted object by object in test_sipp_leftovers.
GROWTH = 6000


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two gateways without capture, whose buffers would be counted as growth."""
    pair = GatewayPair(tmp_path_factory.mktemp("pair"))
    yield pair
    pair.close()


def start(pair, speech, folder, direction, calls, **values):
    """SIPps for both ends of `calls` calls in one direction: the callee, the caller."""
    first, second = direction
    media = {name: {"payload": PAYLOAD[name], "speech": speech[PAYLOAD[name]]} for name in direction}
    number = "301234567"
    callee = Sipp(
        "callee_answers",
        folder / f"{direction}-callee",
        pair[second].user,
        calls=calls,
        called=number,
        ring=100,
        **media[second],
    )
    options = ["-r", str(values.pop("rate", RATE)), "-l", "12"]
    caller = Sipp(
        "caller_hangs_up",
        folder / f"{direction}-caller",
        None,
        pair[first].sip,
        calls=calls,
        options=options,
        called=f"0{number}",
        calling="302000",
        **values,
        **media[first],
    )
    return callee, caller


def round_of_calls(pair, speech, folder):
    """One round; every SIPp must have had only successful calls."""
    running = [sipp for direction in ("AB", "BA") for sipp in start(pair, speech, folder, direction, CALLS, hold=HOLD)]
    try:
        for sipp in running:
            sipp.wait()
            assert sipp.counts() == {"created": CALLS, "successful": CALLS, "failed": 0}
    finally:
        for sipp in running:
            sipp.close()
    pair.wait_idle()


def wait_for_records(gateway, count):
    wait_for(lambda: len(gateway.records()) >= count, f"{count} records of {gateway.name}")


def test_hundreds_of_calls(pair, speech, tmp_path):
    gateways = list(pair.gateways.values())
    descriptors = {gateway.name: gateway.descriptors() for gateway in gateways}
    memory = []
    for number in range(1, ROUNDS + 1):
        round_of_calls(pair, speech, tmp_path / f"round{number}")
        expected = 2 * CALLS * number
        for gateway in gateways:
            wait_for_records(gateway, expected)
            assert len(gateway.records()) == expected
        memory.append({gateway.name: gateway.memory() for gateway in gateways})
    for gateway in gateways:
        assert gateway.descriptors() == descriptors[gateway.name]
        growth = [late - early for early, late in zip(memory[1][gateway.name], memory[-1][gateway.name], strict=True)]
        assert max(growth) < GROWTH, f"{gateway.name} (signalling, media) grew by {growth} kB: {memory}"


def test_records_of_those_calls(pair):
    """Every call has one record at each gateway; they agree with each other and with what SIPp did."""
    by_circuit = {}
    for gateway in pair.gateways.values():
        records = gateway.records()
        assert len({record.id for record in records}) == len(records)
        for record in records:
            assert (record.result, record.cause, record.released_by) == ("answered", 16, "incoming"), record
            assert record.outgoing is not None
            incoming = record.incoming.protocol == "isup"
            circuit, line = (record.incoming, record.outgoing) if incoming else (record.outgoing, record.incoming)
            assert HOLD * 0.8 <= record.duration_ms <= HOLD + 4000
            # A second of speech is 50 packets each way; a busy machine may be late, but not silent.
            assert line.media["packets_received"] >= 25, record
            assert line.media["packets_sent"] >= 25, record
            by_circuit.setdefault((gateway.name, incoming), []).append(circuit.id)
    # Each IAM that one sent is one that the other received, in the same order on every circuit.
    for out, back in ((("A", False), ("B", True)), (("B", False), ("A", True))):
        assert sorted(by_circuit[out]) == sorted(by_circuit[back])
        assert len(by_circuit[out]) == ROUNDS * CALLS
    assert len({circuit for circuits in by_circuit.values() for circuit in circuits}) == CIRCUITS


def test_messages_of_those_calls(pair):
    """Each gateway counts as many of each message as the other."""
    counted = {}
    for gateway in pair.gateways.values():
        gateway.read()
        messages = gateway.messages()
        counted[gateway.name] = {kind: messages.count(kind) for kind in set(messages)}
        assert gateway.trouble() == [text for text in gateway.trouble() if text.startswith("span ")]
    for kind in ("IAM", "ACM", "ANM", "REL", "RLC"):
        assert counted["A"][f"> {kind}"] == counted["B"][f"< {kind}"]
        assert counted["A"][f"< {kind}"] == counted["B"][f"> {kind}"]
    # A call that lost a dual seizure has a second IAM.
    assert counted["A"]["> IAM"] + counted["A"]["< IAM"] >= 2 * CALLS * ROUNDS


def test_stopped_in_order_afterwards(pair):
    assert [gateway.stop(signal.SIGTERM) for gateway in pair.gateways.values()] == [0, 0]
