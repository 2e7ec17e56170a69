import numpy as np
import pytest
from support.packet_files import file_of
from support.sip_flows import capture

from tandem.gateway.analyser.analysis import Analyser
from tandem.gateway.analyser.cells import row_of
from tandem.gateway.analyser.clock import Span
from tandem.gateway.analyser.merge import merge
from tandem.gateway.analyser.pcap import read_pcap
from tandem.gateway.analyser.sipblocks import SipBlock


def blocks_of(names, by_caller=True, odd=""):
    """The blocks of one call, and the ends that they speak of."""
    analyser, found = Analyser(), []
    analyser._plain_dialogs._done = found.append
    events = [
        (
            1.0,
            1,
            name,
            by_caller or not name.endswith("BYE"),
            1 + name.endswith("BYE"),
            odd if name[:1].isdigit() else "",
        )
        for name in names
    ]
    for batch in merge([read_pcap(file_of(capture(events)), print)]):
        analyser.feed(batch)
    analyser._span = Span.of(np.array([2000.0]))
    analyser._flush()
    return found, analyser.dissector.ends


@pytest.mark.parametrize(
    ("names", "outcome", "cause", "status", "by"),
    [
        (["INVITE", "180 INVITE", "200 INVITE", "ACK", "BYE", "200 BYE"], "answered", 16, None, "calling"),
        (["INVITE", "183 INVITE", "486 INVITE", "ACK"], "busy", 17, 486, "called"),
        (["INVITE", "CANCEL", "200 CANCEL", "487 INVITE", "ACK"], "abandoned", 16, 487, "calling"),
    ],
)
def test_records(names, outcome, cause, status, by):
    (block,), ends = blocks_of(names)
    first, rest = block.parts()
    block, read = SipBlock.made_of(first, lambda: read.append(rest) or rest), []
    assert next(row for row, _ in block.cells(ends, np.array([0])))[0] == "sip-1"
    assert not read
    record = block.record(0, ends)
    assert (record.outcome, record.cause, record.status, record.released_by) == (outcome, cause, status, by)
    assert [message.type for message in record.messages] == [name.partition(" ")[0] for name in names]
    assert (record.id, record.calling, record.called, record.call_id) == ("sip-1", "10", "49130", "id1@10.0.0.1")
    assert block.cells(ends, np.array([0])) == [(row_of(record), record.answered is not None)]
    assert not block.suspect()[0]
    assert block.record(0, ends, brief=True).messages == []


def test_a_release_by_the_called_side_and_what_session_descriptions_want():
    (block,), ends = blocks_of(["INVITE", "200 INVITE", "ACK", "BYE", "200 BYE"], by_caller=False, odd="sdp")
    record = block.record(0, ends)
    assert record.released_by == "called"
    assert record.formats == {"10.0.0.1:10002": [8, 101], "10.0.0.2:10002": [8, 101]}  # both 200 have one


@pytest.mark.parametrize(
    ("names", "mark"),
    [
        (["INVITE"], 1),
        (["INVITE", "200 INVITE", "BYE", "200 BYE"], 1),
        (["INVITE", "200 INVITE", "ACK", "BYE"], 1),
        (["INVITE", "503 INVITE", "ACK"], 4),
    ],
)
def test_what_findings_may_speak_of(names, mark):
    analyser, found = Analyser(), []
    analyser._plain_dialogs._done = found.append
    for batch in merge([read_pcap(file_of(capture([(1.0, 1, n, True, 1, "") for n in names])), print)]):
        analyser.feed(batch)
    analyser._span = Span.of(np.array([2000.0]))
    analyser._flush()
    analyser._plain_dialogs.rest()
    assert [block.suspect().tolist() for block in found] == [[mark]]
