"""The formats of the messages."""

from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.tables import ITU_FORMATS

#: Types of Q.763 table 4 without a format: reserved ones, the pass-along message, and charge information (national).
WITHOUT_FORMAT = {"CMR", "CMC", "CMRJ", "FAD", "FAI", "CSVR", "CSVS", "DRS", "PAM", "CRG"}
#: Types that are not ITU-T's.
NATIONAL = {"CRA", "CRM", "CVR", "CVT", "EXM", "CCL", "MPM", "OPR"}


def test_every_message_of_q763_has_a_format():
    assert {message.name for message in MessageType} - {message.name for message in ITU_FORMATS} == (
        WITHOUT_FORMAT | NATIONAL
    )


def test_mandatory_part_of_iam():
    layout = ITU_FORMATS[MessageType.IAM]
    assert [(int(code), length) for code, length in layout.fixed] == [(6, 1), (7, 2), (9, 1), (2, 1)]
    assert layout.mandatory[-1] is ParameterCode.CALLED_PARTY_NUMBER
    assert layout.optional is not None
    assert ParameterCode.HOP_COUNTER in layout.optional


def test_circuit_messages_have_no_optional_part():
    for name in ("BLO", "UBL", "BLA", "UBA", "RSC", "CCR", "UCIC", "GRS", "GRA", "CGB", "CGBA", "CQM", "CQR", "COT"):
        assert ITU_FORMATS[MessageType[name]].optional is None


def test_no_parameter_twice():
    for layout in ITU_FORMATS.values():
        codes = (*layout.mandatory, *(layout.optional or ()))
        assert len(codes) == len(set(codes))
