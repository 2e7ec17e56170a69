from tandem.core.errors import DecodeError
from tandem.gateway.sip.errors import SipDecodeError


def test_it_is_a_decode_error_that_knows_its_answer():
    error = SipDecodeError("no")
    assert isinstance(error, DecodeError)
    assert (str(error), error.status, SipDecodeError("v", 505).status) == ("no", 400, 505)
