"""The compiled parts of SS7 beside the Python that they stand for."""

import random
from dataclasses import asdict
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.decoding import attempt
from support.isup_vectors import captured_messages

from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7 import speed
from tandem.ss7.isup.messages import Message, MessageType
from tandem.ss7.isup.variants import CODINGS, Variant
from tandem.ss7.mtp2.configuration import LinkConfiguration
from tandem.ss7.mtp2.link import SignallingLink
from tandem.ss7.mtp2.primitives import LinkState, SendUnits
from tandem.ss7.mtp2.units import FORMATS, Status, decode_unit

speedups = speed.speedups
pytestmark = pytest.mark.skipif(speedups is None, reason="Tandem was installed here without a C compiler")


def both(action):
    """What `action` gives compiled and in Python, errors with text and offset."""
    results = []
    for loops in (speedups, None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(speed, "speedups", loops)
            try:
                results.append(action())
            except (DecodeError, EncodeError) as error:
                results.append((type(error), str(error), getattr(error, "offset", None)))
    return results


def said_of(octets, variant):
    message = Message.parse(octets, variant)
    return message, message.codes(), list(message._starts or ()), message.raw_parameters(), str(message)


def agree(octets, variant):
    compiled, python = both(lambda: said_of(octets, variant))
    assert compiled == python
    message = attempt(lambda octets: Message.parse(octets, variant), octets)
    if message is not None:
        changed = message.replace(*message.raw_parameters())
        compiled, python = both(changed.encode)
        assert compiled == python


@pytest.mark.parametrize("variant", Variant)
def test_captured_messages_and_what_is_left_of_them(variant):
    source = random.Random(variant.value)
    for octets in captured_messages():
        agree(octets, variant)
        for _ in range(20):
            spoilt = bytearray(octets[: source.randint(0, len(octets))])
            for _ in range(source.randint(0, 3)):
                if spoilt:
                    spoilt[source.randrange(len(spoilt))] = source.choice((0, 1, 2, 255, source.randrange(256)))
            agree(bytes(spoilt), variant)


TYPES = sorted({code for coding in CODINGS.values() for code in coding.formats})


@settings(max_examples=400)
@given(st.binary(max_size=40), st.sampled_from(TYPES), st.sampled_from(Variant))
def test_any_octets(octets, code, variant):
    agree(b"\x01\x00" + bytes([code]) + octets, variant)


CONTENTS = st.one_of(st.binary(max_size=4), st.binary(min_size=100, max_size=270), st.integers(250, 257).map(bytes))


@settings(max_examples=400)
@given(st.data())
def test_any_parameters(data):
    """In and out of order, missing, of the wrong length, too long for the pointers; also what no octet holds."""
    variant = data.draw(st.sampled_from(Variant))
    code = data.draw(st.sampled_from(TYPES))
    layout = CODINGS[variant].formats.get(code)
    wanted = [] if layout is None else layout.mandatory
    parameters = [(int(one), data.draw(CONTENTS)) for one in wanted if data.draw(st.integers(0, 9))]
    for place, (one, length) in enumerate(() if layout is None else layout.fixed):
        if place < len(parameters) and parameters[place][0] == one and data.draw(st.integers(0, 9)):
            parameters[place] = (int(one), bytes(length))
    parameters += data.draw(st.lists(st.tuples(st.integers(1, 255), CONTENTS), max_size=4))
    if not data.draw(st.integers(0, 3)):
        parameters = data.draw(st.permutations(parameters))
    message = Message(code, data.draw(st.sampled_from((0, 7, 0xFFF))), parameters, variant=variant)
    compiled, python = both(message.encode)
    assert compiled == python


@pytest.mark.parametrize("length", range(250, 258))
@pytest.mark.parametrize("code", [MessageType.SAM, MessageType.GRA])
def test_a_pointer_holds_255(code, length):
    mandatory = CODINGS[Variant.ITU].formats[code].mandatory
    optional = [(200, b"")] if code is MessageType.SAM else []
    message = Message(code, 1, [*[(int(one), bytes(length)) for one in mandatory], *optional])
    compiled, python = both(message.encode)
    assert compiled == python
    assert isinstance(python, bytes) == (length <= (253 if optional else 255))


def test_octets_that_are_not_bytes_are_left_to_python():
    (octets, *_) = captured_messages()
    assert Message.parse(bytearray(octets)) == Message.parse(octets)
    layout = CODINGS[Variant.ITU].formats[octets[2]]
    with pytest.raises(TypeError):
        speedups.walk(bytearray(octets), layout.fixed, layout.variable, layout.optional is not None, False)


def a_link(in_service, **changes):
    """A link, in service when wanted, and what it says to each input."""
    link = SignallingLink(LinkConfiguration(**changes))
    if in_service:
        link.start(0.0)
        size, width = (3, 1) if link.configuration.format == "basic" else (6, 2)
        ones = b"\xff" * (2 * width)
        for status in (Status.SIO, Status.SIN):
            link.receive([ones + bytes([1]) + bytes(size - 2 * width - 1) + bytes([status])], 1.0)
        link.handle_timers(link.next_deadline())
        link.receive([ones + bytes(size - 2 * width)], 20.0)
        assert link.state is LinkState.IN_SERVICE
    return link


class Peer:
    """Makes units that fit what a link says, most of them."""

    def __init__(self, form, source):
        self.form, self.source, self.bib = form, source, 1
        self.sent = self.accepted = self.acknowledged = form.modulus - 1
        self.fib = 1

    def hear(self, outputs):
        for output in outputs:
            if isinstance(output, SendUnits) and output.fill is not None:
                unit = decode_unit(output.fill, self.form is FORMATS["extended"])
                self.sent, self.accepted, self.fib = unit.fsn, unit.bsn, unit.bib

    def unit(self):
        source, form = self.source, self.form
        if source.random() < 0.02:
            return source.randbytes(source.randint(0, 9))
        length = source.choice((0, 0, 0, 3, 5, 20, form.max_length_indicator + 1, 300))
        if source.random() < 0.02:
            length = source.choice((1, 2))
        if source.random() < 0.03:
            self.bib ^= 1
        fib = self.fib ^ (source.random() < 0.02)
        outstanding = (self.sent - self.acknowledged) % form.modulus
        self.acknowledged += source.choice((0, outstanding, source.randint(0, outstanding)))
        bsn = self.acknowledged + (source.random() < 0.02)
        fsn = self.accepted + (2 < length < 280) + (source.random() < 0.03)
        self.accepted += fsn == self.accepted + 1
        stated = length if source.random() > 0.02 else source.randrange(64)
        header = form.header(bsn % form.modulus, self.bib, fsn % form.modulus, fib, stated)
        return header + source.randbytes(length)


def a_step(source, peer, now):
    """What a link is told next: methods with their arguments."""
    what = source.random()
    if what < 0.6:
        return [("receive", [peer.unit() for _ in range(source.randint(1, 3))], now)]
    if what < 0.85:
        return [("send", source.randbytes(source.choice((3, 10, 62, 63, 64, 273))), now)] * source.randint(1, 3)
    if what < 0.95:
        counts = source.choice(((9, 0, 0), (300, 1, 0), (2, 0, 20)))
        return [("monitor", *counts, now), ("handle_timers", now)]
    number = source.choice((None, source.randrange(128)))
    return source.choice(
        (
            [("flush_buffers", now)],
            [("local_processor_outage", now)],
            [("local_processor_recovered", now)],
            [("set_busy", source.random() < 0.5, now)],
            [("retrieve_bsnt", now), ("retrieval_request", number, now)],
        )
    )


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("seed", range(25))
def test_links_do_the_same(form, seed):
    """Random units, requests and times for one link of each kind: outputs, state, counters and timers agree."""
    source = random.Random(seed)
    changes = {"format": form, "congestion_onset": 8, "congestion_abatement": 4, "congestion_levels": 3}
    changes |= {"transmission_buffer": 40, "max_unacknowledged": source.choice((0, 5)), "status_octets": 1 + seed % 2}
    now = 30.0
    for _ in range(20):
        links = both(partial(a_link, source.random() < 0.9, **changes))
        peer = Peer(FORMATS[form], source)
        for _ in range(100):
            now += source.choice((0.0, 0.001, 0.02, 0.3))
            for method, *arguments in a_step(source, peer, now):
                for link in links:
                    getattr(link, method)(*arguments)
                compiled, python = map(told, links)
                assert compiled == python
                peer.hear(compiled[0])
            if links[0].state is LinkState.OUT_OF_SERVICE:
                break


def told(link):
    """All there is to see of a link."""
    return link.outputs(), link.state, link.pending_messages, link.next_deadline(), asdict(link.counters)
