import typing

from tandem.gateway.sip import primitives
from tandem.gateway.sip.message import Response


def test_every_call_output_names_its_call():
    for kind in typing.get_args(primitives.CallOutput):
        assert "call" in kind.__struct_fields__, kind
        assert kind.__struct_config__.frozen


def test_body_is_that_of_the_message():
    message = Response(200, "OK", {}, b"v=0")
    assert primitives.Answered(1, message).body == b"v=0"
    assert primitives.Provisional(1, 183, message, "t").body == b"v=0"
