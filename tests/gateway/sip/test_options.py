from tandem.gateway.sip.options import CallOptions


def test_the_defaults_are_plain_rfc_3261():
    options = CallOptions()
    assert (options.reliable, options.session_expires, options.min_se) == ("off", 0, 90)
