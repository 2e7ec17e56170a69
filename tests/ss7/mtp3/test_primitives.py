"""The primitives are values."""

from tandem.ss7.mtp3.primitives import StartLink, StatusCause, StatusIndication, TransferRequest


def test_primitives_compare_by_content():
    assert TransferRequest(5, 2, 3, b"x") == TransferRequest(service=5, dpc=2, sls=3, data=b"x", opc=None, priority=0)
    assert StartLink(1) != StartLink(1, emergency=True)
    assert StatusIndication(2, StatusCause.CONGESTION, level=1).service is None
