"""ITU-T Q.781, MTP level 2 test specification: failures, outages, framing and error monitors (3 to 7)."""

from __future__ import annotations

from conformance.q781_link_state import Q781
from conformance.tester import Tester, with_outage

from tandem.hardware.framing.hdlc import HdlcReceiver, HdlcTransmitter
from tandem.ss7.mtp2.alignment import AlignmentState
from tandem.ss7.mtp2.primitives import LinkState
from tandem.ss7.mtp2.units import BASIC

case = Q781.case
State = LinkState

# 3 Transmission failure


def _preambles() -> dict[str, Tester]:
    outage = Tester().in_service()
    outage.order("local_processor_outage")
    return {
        "aligned ready": Tester().aligned(),
        "aligned not ready": with_outage(),
        "in service": Tester().in_service(),
        "processor outage": outage,
    }


def _break(name: str) -> None:
    """The line to the implementation breaks: its receiver counts octets without finding a unit."""
    t = _preambles()[name]
    t.told.clear()
    t.count(0, 0, octets=16 * 63)
    assert t.told == []
    t.count(0, 0, octets=16)
    assert (t.sending, t.told) == ("SIOS", ["out of service"])


def _corrupt_fib(name: str) -> None:
    t = _preambles()[name]
    t.told.clear()
    t.fib = 0
    t.hear("FISU")
    assert "out of service" not in t.told
    t.hear("FISU")
    assert (t.sending, t.told) == ("SIOS", ["out of service"])


for _number, _name in enumerate(("aligned ready", "aligned not ready", "in service", "processor outage")):
    case(f"3.{2 * _number + 1}", f"Link {_name} (break of the path)")(lambda name=_name: _break(name))
    case(f"3.{2 * _number + 2}", f"Link {_name} (corrupt FIBs, basic)")(lambda name=_name: _corrupt_fib(name))


# 4 Processor outage control


@case("4.1", "Set and clear LPO while link in service")
def _() -> None:
    t = Tester().in_service()
    t.send_msu()
    t.acknowledge()
    t.order("local_processor_outage")
    assert t.sending == "SIPO"
    since = len(t.units)
    t.msu()
    t.send_msu()
    assert (t.messages, t.numbers(since)) == ([], [])
    t.order("local_processor_recovered")
    assert t.numbers(since) == [1]
    t = Tester().in_service()
    t.hear("SIPO")
    since = len(t.units)
    t.send_msu()
    assert (t.told, t.numbers(since)) == (["remote processor outage"], [])
    t.hear("FISU")
    assert (t.told[-1], t.numbers(since)) == ("remote processor recovered", [0])


@case("4.2", "RPO during LPO")
def _() -> None:
    t = Tester().in_service()
    t.order("local_processor_outage")
    t.hear("SIPO")
    assert t.told == ["remote processor outage"]
    t.hear("FISU")
    assert (t.told[-1], t.sending) == ("remote processor recovered", "SIPO")


@case("4.3", "Clear LPO when both processor outage")
def _() -> None:
    t = Tester().in_service()
    t.order("local_processor_outage")
    t.hear("SIPO")
    t.order("local_processor_recovered")
    assert (t.sending, t.state) == ("FISU", State.PROCESSOR_OUTAGE)
    t.hear("FISU")
    assert (t.told[-1], t.state) == ("remote processor recovered", State.IN_SERVICE)


# 5 Signal unit delimitation, alignment, error detection: the framing below level 2


def _frames(bits: str) -> tuple[list[bytes], HdlcReceiver]:
    """Units found in a stream of bits between long runs of flags."""
    receiver = HdlcReceiver()
    flags = "01111110" * 8
    stream = flags + bits + flags
    stream += "1" * (-len(stream) % 8)
    octets = bytes(int(stream[at : at + 8], 2) for at in range(0, len(stream), 8))
    return receiver.receive(octets), receiver


def _on_the_line(*units: bytes) -> list[str]:
    """Bits of each unit between flags, as the transmitter makes them."""
    found = []
    for unit in units:
        transmitter = HdlcTransmitter(None)
        transmitter.send([unit])
        bits = "".join(f"{octet:08b}" for octet in transmitter.block(400))
        start = bits.index("01111110")
        while bits[start + 8 : start + 16] == "01111110":
            start += 8
        end = bits.index("01111110", start + 8)
        found.append(bits[start + 8 : end])
    return found


_ONE, _TWO = (BASIC.header(127, 1, fsn, 1, 5) + bytes((0x85, 1, 2, 3, fsn)) for fsn in (0, 1))


@case("5.1", "More than 7 ones between MSU opening and closing flags")
def _() -> None:
    (bits,) = _on_the_line(_ONE)
    frames, _ = _frames(bits[:30] + "11111111" + bits[38:])
    assert frames == []


@case("5.2", "Greater than maximum signal unit length")
def _() -> None:
    long = BASIC.header(127, 1, 0, 1, 63) + bytes(274)
    (bits,) = _on_the_line(long)
    assert _frames(bits)[0] == []
    t = Tester().in_service()
    t.raw(long)
    assert t.messages == []


@case("5.3", "Below minimum signal unit length")
def _() -> None:
    (bits,) = _on_the_line(b"\xff\xff")
    assert _frames(bits)[0] == []
    t = Tester().in_service()
    t.raw(b"\xff\xff")
    t.raw(BASIC.header(127, 1, 0, 1, 5) + b"\x85\x01\x02")
    assert (t.messages, t.state) == ([], State.IN_SERVICE)


def _between(one: bytes, other: bytes) -> None:
    first, second = _on_the_line(one, other)
    for flags in (1, 2, 5):
        assert _frames(first + "01111110" * flags + second)[0] == [one, other]


@case("5.4", "Reception of single and multiple flags between FISUs")
def _() -> None:
    _between(BASIC.header(127, 1, 127, 1, 0), BASIC.header(0, 1, 127, 1, 0))


@case("5.5", "Reception of single and multiple flags between MSUs")
def _() -> None:
    _between(_ONE, _TWO)


# 6 SUERM check


@case("6.1", "Error rate of 1 in 256: link remains in service")
def _() -> None:
    t = Tester().in_service()
    for _turn in range(1000):
        t.count(255, 1)
    assert t.state is State.IN_SERVICE


@case("6.2", "Error rate of 1 in 254: link out of service")
def _() -> None:
    t = Tester().in_service()
    for _turn in range(20_000):
        t.count(253, 1)
    assert t.told == ["out of service"]


@case("6.3", "Consecutive corrupt signal units")
def _() -> None:
    t = Tester().in_service()
    for _turn in range(63):
        t.count(0, 1)
    assert t.state is State.IN_SERVICE
    t.count(0, 1)
    assert (t.sending, t.told) == ("SIOS", ["out of service"])


@case("6.4", "Time controlled break of the link")
def _() -> None:
    t = Tester().in_service()
    t.count(0, 0, octets=16 * 60)  # 120 ms
    t.count(256 * 64, 0)
    assert t.state is State.IN_SERVICE
    t.count(0, 0, octets=16 * 64)  # 128 ms
    assert t.told == ["out of service"]


# 7 AERM check


def _proving(emergency: bool = False) -> Tester:
    t = Tester()
    t.order("set_emergency", emergency)
    t.order("start")
    t.hear("SIO", "SIN")
    assert t.link.alignment_state is AlignmentState.PROVING
    return t


@case("7.1", "Error rate below the normal threshold")
def _() -> None:
    t = _proving()
    t.count(100, 3)
    t.wait(8.2)
    assert t.sending == "FISU"


@case("7.2", "Error rate at the normal threshold")
def _() -> None:
    t = _proving()
    t.wait(1.0)
    t.count(100, 4)
    t.wait(7.3)
    assert t.sending == "SIN"
    t.wait(1.0)
    assert t.sending == "FISU"


@case("7.3", "Error rate above the normal threshold")
def _() -> None:
    t = _proving()
    for _turn in range(5):
        t.wait(0.5)
        assert t.state is State.INITIAL_ALIGNMENT
        t.count(100, 5)
    assert (t.sending, t.told) == ("SIOS", ["out of service"])


@case("7.4", "Error rate at the emergency threshold")
def _() -> None:
    t = _proving(emergency=True)
    t.wait(0.3)
    t.count(10, 1)
    t.wait(0.3)
    assert t.sending == "SIE"
    t.wait(0.25)
    assert t.sending == "FISU"
