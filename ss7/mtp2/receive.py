"""Reception control, Q.703 (07/96) 5 and figure 14: basic error correction, the receiving half."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tandem.ss7.mtp2.configuration import LinkConfiguration, LinkCounters
from tandem.ss7.mtp2.primitives import MessageReceived, Output
from tandem.ss7.mtp2.transmit import Transmitter
from tandem.ss7.mtp2.units import MIN_MSU

#: By the last three units, one bit each: whether two of them were abnormal (5.3.1, 5.3.2).
_TWO_OF_THREE: Final = tuple(bits.bit_count() >= 2 for bits in range(8))


class Receiver:
    """Checks the numbers of FISUs and MSUs, takes messages in sequence, asks for those that are missing.

    `plain` does all there is to do for most of them. For any other FISU or MSU, and before the link is in service,
    `check` is to be called; when it returns True the unit is normal, link state control is to be told, and then
    `accept` called. `fail` is called when the peer's numbers make no sense any more.
    """

    def __init__(
        self,
        configuration: LinkConfiguration,
        transmitter: Transmitter,
        counters: LinkCounters,
        outputs: list[Output],
        fail: Callable[[str, float], None],
    ) -> None:
        self._transmitter = transmitter
        self._counters = counters
        self._outputs = outputs
        self._fail = fail
        form = configuration.unit_format
        self._header_octets = form.header_octets
        self._field_bits = form.field_bits
        self._length_mask = form.max_length_indicator
        self._mask = form.modulus - 1
        self._max_body = configuration.max_sif + 1
        self._cyclic = configuration.error_correction == "cyclic"
        self.start()

    def start(self) -> None:
        """Begin anew: the first message awaited has FSN 0 (5.1). Messages are refused until `resume`."""
        self._expected = 0  # FSNX
        self._bib = 1  # BIBT
        self._awaiting_retransmission = False  # RTR
        self._abnormal_bsn = self._abnormal_fib = 0
        self._refusing = True
        self._busy = False
        self._skipped: tuple[int, int] | None = None

    @property
    def last_accepted(self) -> int:
        """FSN of the last message accepted (FSNX - 1): BSNT."""
        return (self._expected - 1) & self._mask

    @property
    def is_suspicious(self) -> bool:
        """Whether one of the last two units was abnormal, so that one more fails the link."""
        return bool(self._abnormal_bsn & 3 or self._abnormal_fib & 3)

    # Whether messages are taken

    def refuse(self) -> None:
        """Local processor outage: take no messages (8.2)."""
        self._refusing = True

    def resume(self) -> None:
        """Take messages again."""
        self._refusing = False
        self._catch_up()

    def hold_acknowledgements(self) -> None:
        """Receive congestion: take messages, but neither acknowledge nor ask for any (9.2)."""
        self._busy = True

    def release_acknowledgements(self) -> None:
        """End of receive congestion."""
        self._busy = False
        self._transmitter.set_backward(self.last_accepted, self._bib)
        self._catch_up()

    def _catch_up(self) -> None:
        # The unit that was not acted on is repeated by the peer, but repeats are filtered out below us. Its FSN says
        # what the peer has sent last, which is all that matters of it.
        if self._skipped is not None and not self._refusing and not self._busy:
            fsn, fib = self._skipped
            self._skipped = None
            self._sequence(fsn, fib, None)

    # Units

    def plain(self, octets: bytes, now: float) -> bool:
        """Act on a FISU or MSU of which nothing is out of the common; False for another, of which nothing is done."""
        if self._refusing or self._abnormal_bsn or self._abnormal_fib or self._cyclic:
            return False
        size, bits, mask, longest = self._header_octets, self._field_bits, self._mask, self._length_mask
        length = len(octets) - size
        if not (MIN_MSU <= length <= self._max_body or length == 0):
            return False
        value = int.from_bytes(octets[:size], "little")
        bsn, fib = value & mask, value >> 2 * bits - 1 & 1
        indicator = length if length < longest else longest
        if value >> 2 * bits & longest != indicator or fib != self._bib or not self._transmitter.is_expected(bsn):
            return False
        self._transmitter.acknowledged(bsn, value >> bits - 1 & 1, now)
        self._sequence(value >> bits & mask, fib, octets[size:] if length else None)
        return True

    def check(self, bsn: int, bib: int, fib: int, now: float) -> bool:
        """Act on the BSN and BIB of a FISU or MSU; False when the unit is abnormal and to be discarded."""
        if not self._transmitter.is_expected(bsn):
            self._abnormal_bsn = self._abnormal_bsn << 1 & 7 | 1
            return self._discard("BSN", self._abnormal_bsn, now)
        if self._abnormal_bsn:
            self._abnormal_bsn = self._abnormal_bsn << 1 & 7
        if self._cyclic:
            pass  # 6.2: the indicator bits mean nothing
        elif fib != self._bib:
            if not self._awaiting_retransmission:
                self._abnormal_fib = self._abnormal_fib << 1 & 7 | 1
                return self._discard("FIB", self._abnormal_fib, now)
        elif self._abnormal_fib:
            self._abnormal_fib = self._abnormal_fib << 1 & 7
        self._transmitter.acknowledged(bsn, bib, now)
        return True

    def _discard(self, what: str, history: int, now: float) -> bool:
        self._counters.units_discarded += 1
        if _TWO_OF_THREE[history]:
            self._fail(f"two of three units with abnormal {what} (Q.703 5.3)", now)
        return False

    def accept(self, fsn: int, fib: int, msu: bytes | None) -> None:
        """Act on the FSN of a unit that `check` found normal; `msu` is its SIO and SIF, None for a FISU."""
        if self._refusing:
            self._skipped = (fsn, fib)
        else:
            self._sequence(fsn, fib, msu)

    def _sequence(self, fsn: int, fib: int, msu: bytes | None) -> None:
        if fib != self._bib and not self._cyclic:
            return  # 5.2.1: of no use before the retransmission asked for
        self._awaiting_retransmission = False
        if msu is not None and fsn == self._expected:
            self._expected = (fsn + 1) & self._mask
            self._skipped = None
            self._counters.messages_received += 1
            self._counters.octets_received += len(msu)
            self._outputs.append(MessageReceived(msu))
            if not self._busy:
                self._transmitter.set_backward(fsn, self._bib)
        elif fsn != (self._expected - 1) & self._mask and not self._cyclic:
            if self._busy:
                self._skipped = (fsn, fib)
            else:
                self._ask_again()

    def _ask_again(self) -> None:
        self._bib ^= 1
        self._awaiting_retransmission = True
        self._counters.negative_acknowledgements_sent += 1
        self._transmitter.set_backward(self.last_accepted, self._bib)
