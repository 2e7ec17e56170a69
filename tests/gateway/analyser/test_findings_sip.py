from support.findings import answered, kinds, message, record, stream

from tandem.gateway.analyser.findings_sip import of_registrations, of_silence
from tandem.gateway.analyser.model import Leg, Protocol


def test_retransmissions():
    found = record("sip", [("INVITE", True)] * 4 + [("100", False)])
    for repeated in found.messages[1:4]:
        repeated.duplicate = True
    assert kinds(found) == [("retransmissions", "b:2, or the path to it from a:1")]


def test_registrations():
    def sip(kind, source, destination):
        return message(kind, protocol=Protocol.SIP, opc=None, dpc=None, source=source, destination=destination)

    exchange = [("REGISTER", "a", "r"), ("401", "r", "a"), ("REGISTER", "a", "r"), ("403", "r", "a")]
    exchange += [("REGISTER", "b", "r"), ("REGISTER", "c", "r"), ("200", "r", "c")]
    found = list(of_registrations([sip(*one) for one in exchange]))
    assert [(finding.kind, finding.fault) for finding in found] == [
        ("registration-failed", "a"),
        ("registration-unanswered", "r"),
    ]


def test_speech_in_a_codec_that_nobody_asked_for():
    assert kinds(answered(formats={"a:9": [8, 101], "b:9": [8]})) == []
    assert kinds(answered(formats={"a:9": [0], "b:9": [8]})) == [("codec-mismatch", "b:9")]


def test_digits_that_are_lost():
    cut = [stream("a:9", "b:9", digits="12", digits_cut=1), stream("b:9", "a:9")]
    assert kinds(answered(media=cut)) == [("dtmf-lost", "the path from a:9")]
    one = answered(media=[stream("a:9", "b:9", digits="12"), stream("b:9", "a:9")], legs=[Leg("sip-2", 0.9, "")])
    other = answered(id="sip-2", start=1.5)
    assert ("dtmf-lost", "what joins b:2 and a:1") in kinds(one, other)
    other.media[0].digits = "12"
    assert kinds(one, other) == []


def test_what_a_sender_sent_elsewhere_meanwhile_is_not_missing():
    first = [stream("a:9", "b:9", lost=300), stream("b:9", "a:9")]
    assert kinds(answered(media=first)) == [("speech-loss", "the path from a:9")]
    held = [*first, stream("a:9", "c:9", packets=300), stream("c:9", "a:9", ssrc=2)]
    assert kinds(answered(media=held)) == []
    other = [*first, stream("a:9", "c:9", packets=300, ssrc=7), stream("c:9", "a:9", ssrc=2)]
    assert kinds(answered(media=other)) == [("speech-loss", "the path from a:9")]


def test_a_message_that_the_capture_has_twice_was_not_sent_again():
    found = record("sip", [("INVITE", True)] * 4 + [("100", False)])
    for repeated in found.messages[1:4]:
        repeated.duplicate, repeated.time = True, found.messages[0].time + 0.00001
    assert kinds(found) == []


def register(kind, time, head="", packet=1, call_id="c", source="a:1", destination="r:2"):
    first = "REGISTER sip:r SIP/2.0" if kind == "REGISTER" else f"SIP/2.0 {kind} X"
    lines = (first, "From: <sip:1@r>;tag=1", "To: <sip:1@r>", f"Call-ID: {call_id}", "CSeq: 1 REGISTER", head)
    octets = "\r\n".join(line for line in lines if line).encode() + b"\r\n\r\n"
    ends = (source, destination) if kind == "REGISTER" else (destination, source)
    where = {"opc": None, "dpc": None, "variant": "", "source": ends[0], "destination": ends[1]}
    return message(kind, time, Protocol.SIP, packet, octets=octets, **where)


def test_a_wrong_password():
    credentials = 'Authorization: Digest username="1"'
    tried = [register("REGISTER", 1), register("401", 1, packet=2)]
    tried += [register("REGISTER", 1, credentials), register("401", 1, packet=4)]
    (found,) = of_registrations(tried, end=100)
    assert (found.kind, found.fault, found.packets) == ("registration-failed", "a:1", [4])
    assert list(of_registrations(tried, end=10)) == []  # it may still try again
    assert list(of_registrations([*tried, register("REGISTER", 2, credentials), register("200", 2)], end=100)) == []
    stale = [*tried[:3], register("401", 1, 'WWW-Authenticate: Digest nonce="1", stale=true')]
    assert list(of_registrations(stale, end=100)) == []


def test_a_registrar_that_fails_is_to_blame_itself():
    (found,) = of_registrations([register("REGISTER", 1), register("503", 1)])
    assert (found.kind, found.fault) == ("registration-failed", "r:2")


def test_what_may_still_be_answered():
    assert list(of_registrations([register("REGISTER", 1), register("REGISTER", 3)], end=20)) == []
    (found,) = of_registrations([register("REGISTER", 1, packet=1), register("REGISTER", 3, packet=2)], end=40)
    assert (found.kind, found.fault, found.packets) == ("registration-unanswered", "r:2", [1, 2])


def test_two_phones_behind_one_address():
    told = [register("REGISTER", 1, call_id="x"), register("REGISTER", 1, call_id="y"), register("200", 1, call_id="y")]
    assert [found.kind for found in of_registrations(told, end=100)] == ["registration-unanswered"]


def test_one_way_speech():
    one = [stream("a:9", "b:9")]
    assert kinds(answered(media=one)) == [("one-way-speech", "b")]
    announcement = {"a:9": [8], "b:9": []}
    assert kinds(answered(media=[stream("b:9", "a:9")], formats=announcement)) == []  # who is asked only listens
    assert kinds(answered(media=[stream("b:9", "a:9")], formats={"a:9": [8], "b:9": [8]})) == [("one-way-speech", "a")]
    assert kinds(answered(media=[stream("b:9", "a:9"), stream("c:9", "b:9")])) == []  # from another address of it


def test_speech_of_a_call_that_goes_on():
    going = answered(media=[stream("a:9", "b:9")], released=None, completed=None, duration=None)
    going.messages = going.messages[:3]
    assert kinds(going, end=20.0) == [("one-way-speech", "b")]
    assert kinds(going, end=3.0) == []


def test_missing_speech():
    call = answered(media=[], formats={"a:9": [8], "b:9": [8]})
    heard = {"a": (1.0, 30.0), "b": (1.0, 30.0)}
    assert [found.kind for found in of_silence(call, heard, 40.0)] == ["missing-speech"]
    assert list(of_silence(call, {"a": (1.0, 30.0)}, 40.0)) == []  # the probe may not see that of b
    assert list(of_silence(call, heard | {"b": (90.0, 99.0)}, 100.0)) == []
