import numpy as np

from tandem.gateway.analyser.blocks import Block
from tandem.gateway.analyser.model import Where
from tandem.gateway.analyser.texts import Texts

ENDS = [Where("", "", 1, 2, 2, "itu"), Where("", "", 2, 1, 2, "itu")]


def block(kinds=(0x01, 0x06, 0x09, 0x0C, 0x10), by_calling=True, cause=16, odd=False, rung=True):
    size = len(kinds)
    time = np.arange(size) * 2.0 + 100
    times = dict(zip(kinds, time.tolist(), strict=True))
    forward = np.array([kind in (0x01, 0x0C) for kind in kinds])
    return Block(
        number=np.array([7]),
        place=np.array([0]),
        start=time[:1],
        cic=np.array([5]),
        alerting=np.array([times.get(0x06, np.nan) if rung else np.nan]),
        progress=np.array([np.nan if rung else times.get(0x06, np.nan)]),
        answered=np.array([times.get(0x09, np.nan)]),
        released=time[-2:-1],
        completed=time[-1:],
        by_calling=np.array([by_calling]),
        cause=np.array([cause], np.int16),
        location=np.array([2], np.int8),
        odd=np.array([odd]),
        names=Texts.made_of([b"\n4989"]),
        natures=np.array([[-1, 4]], np.int16),
        first=np.array([0]),
        size=np.array([size]),
        packet=np.arange(size) + 1,
        time=time,
        kind=np.array(kinds, np.uint8),
        places=np.where(forward, 0, 1),
        forward=forward,
        rung=np.array([kind == 0x06 and rung for kind in kinds]),
    )


def kept(found):
    """As it comes back from the file."""
    first, rest = found.parts()
    return Block.made_of(first, lambda: rest)


def test_a_record():
    record = kept(block()).record(0, ENDS)
    assert (record.id, record.protocol, record.outcome, record.cic) == ("isup-7", "isup", "answered", 5)
    assert (record.called, record.called_nature, record.calling, record.calling_nature) == (
        "4989",
        "international",
        "",
        "",
    )
    assert (record.start, record.alerting, record.progress, record.answered) == (100.0, 102.0, None, 104.0)
    assert (record.released, record.completed, record.duration) == (106.0, 108.0, 2.0)
    assert (record.post_dial_delay, record.cause, record.location) == (2.0, 16, "public network local")
    assert [(message.type, message.summary) for message in record.messages] == [
        ("IAM", "- to 4989"),
        ("ACM", "alerting"),
        ("ANM", ""),
        ("REL", "cause 16"),
        ("RLC", ""),
    ]
    assert (record.source, record.destination) == ("0-0-1", "0-0-2")


def test_what_is_looked_at_for_findings():
    assert not block().suspect()[0]
    assert block(cause=102).suspect()[0]
    assert block(odd=True).suspect()[0]
    assert not block(cause=42).suspect()[0]
    unanswered = (0x01, 0x06, 0x0C, 0x10)
    assert block(unanswered, cause=42, by_calling=False).suspect()[0]
    assert block(unanswered, cause=31).suspect()[0]
    assert not block(unanswered, cause=17, by_calling=False).suspect()[0]
    assert not block(unanswered, cause=16).suspect()[0]
    assert block((0x01, 0x0C, 0x10), by_calling=False).suspect()[0] == 2
    assert block((0x01, 0x0C, 0x10), cause=42, by_calling=False).suspect()[0] == 3
    assert block((0x01, 0x0C, 0x10), cause=102, by_calling=False).suspect()[0] == 1
