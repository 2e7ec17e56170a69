"""Heading codes and names."""

from pathlib import Path

from tandem.ss7.tup.codes import CHINA_ONLY, Direction, Group, MessageType, message_name, message_type
from tandem.ss7.tup.variants import Variant


def test_codes_of_q723():
    assert MessageType.IAM == 0x11
    assert MessageType.IAI == 0x21
    assert MessageType.EUM == 0xF5
    assert MessageType.ANU == 0x06
    assert MessageType.CCL == 0x76
    assert MessageType.SUA == 0xE8
    assert MessageType.ACC == 0x1A


def test_h0_is_the_group():
    assert (MessageType.RLG.group, MessageType.MGB.group, MessageType.MAL.group) == (Group.CCM, Group.GRM, Group.NAM)
    assert all(Group(known & 0xF) is known.group for known in MessageType)
    assert len(MessageType) == 58


def test_titles_and_directions():
    assert all(known.title for known in MessageType)
    assert MessageType.MBA.title == "Maintenance group blocking acknowledgement"
    assert MessageType.CLF.direction is Direction.FORWARD
    assert MessageType.CBK.direction is Direction.BACKWARD
    assert MessageType.RLG.direction is Direction.BACKWARD
    assert MessageType.CCR.direction is Direction.FORWARD
    assert MessageType.BLO.direction is MessageType.GRS.direction is Direction.EITHER


def test_national_messages_are_known_in_china_only():
    assert {known.name for known in CHINA_ONLY} == {"MPM", "OPR", "SLB", "STB", "MAL"}
    for known in MessageType:
        assert message_type(known, Variant.CHINA) is known
        assert message_type(known, Variant.ITU) is (None if known in CHINA_ONLY else known)
    assert message_type(0x00, Variant.CHINA) is None


def test_unknown_headings_have_a_name_too():
    assert message_name(MessageType.CLF) == "CLF"
    assert message_name(0x46) == "heading 0x46"
    assert message_name(0x09) == "heading 0x09"


def test_the_reference_lists_every_message():
    page = Path(__file__).resolve().parents[3] / "docs/reference/tup-conformance.md"
    listed = [line for line in page.read_text(encoding="utf-8").splitlines() if "| 0x" in line]
    assert [line.split(" | ")[:4] for line in listed] == [
        [f"| {known.name}", f"0x{known:02X}", known.title, known.direction.value] for known in MessageType
    ]
