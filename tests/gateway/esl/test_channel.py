"""Events of channels with the headers that clients know."""

from support.operator_desk import DeskBench, talk

from tandem.gateway.applications.events import EVERYTHING, ChannelEvent, Happening
from tandem.gateway.esl.channel import event_headers, headers_of, variables_of

OFFSET = 1_700_000_000.0


def told(bench):
    return [(event.what.name, event_headers(event, OFFSET)) for event in bench.told]


def test_a_call_from_its_beginning_to_its_end():
    bench = DeskBench().up()
    bench.nodes["A"].switchboard.interest = EVERYTHING
    call, _ = talk(bench)
    bench.call("a", "bye", call, ())
    bench.run(1)
    names = [name for name, _ in told(bench)]
    for name in ("CHANNEL_CREATE", "CHANNEL_ANSWER", "CHANNEL_BRIDGE", "CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"):
        assert name in names, names
    assert names.count("CHANNEL_CREATE") == names.count("CHANNEL_HANGUP_COMPLETE") == 2
    first = told(bench)[0][1]
    assert (first["Call-Direction"], first["Caller-Destination-Number"]) == ("inbound", "301234")
    assert (first["Caller-Context"], first["Tandem-Protocol"]) == ("pbx", "sip")
    assert int(first["Caller-Channel-Created-Time"]) // 1_000_000 >= OFFSET
    bridge = next(headers for name, headers in told(bench) if name == "CHANNEL_BRIDGE")
    assert bridge["Bridge-A-Unique-ID"] == bridge["Unique-ID"]
    assert bridge["Bridge-B-Unique-ID"] == bridge["Other-Leg-Unique-ID"] != bridge["Unique-ID"]
    end = [headers for name, headers in told(bench) if name == "CHANNEL_HANGUP_COMPLETE"]
    assert {headers["Hangup-Cause"] for headers in end} == {"NORMAL_CLEARING"}
    assert {headers["variable_hangup_cause_q850"] for headers in end} == {"16"}
    assert {headers["Channel-State"] for headers in end} == {"CS_HANGUP"}
    caller = first["Unique-ID"]
    changes = [
        (headers["Original-Channel-Call-State"], headers["Channel-Call-State"])
        for name, headers in told(bench)
        if name == "CHANNEL_CALLSTATE" and headers["Unique-ID"] == caller
    ]
    assert changes == [("DOWN", "ACTIVE"), ("ACTIVE", "HANGUP")]
    states = [headers for name, headers in told(bench) if name == "CHANNEL_STATE" and headers["Unique-ID"] == caller]
    assert [one["Channel-State"] for one in states] == ["CS_ROUTING", "CS_EXCHANGE_MEDIA", "CS_HANGUP"]
    last = [headers for name, headers in told(bench) if headers.get("Unique-ID") == caller][-1]
    assert (last["Channel-State"], last["Channel-State-Number"]) == ("CS_DESTROY", "12")


def test_headers_and_variables_of_a_channel():
    bench = DeskBench().up()
    channel = bench.nodes["A"].switchboard.dump(bench.called())
    headers = headers_of(channel, OFFSET)
    assert headers["Unique-ID"] == headers["variable_uuid"] == channel.uuid
    assert (headers["Channel-State"], headers["Answer-State"]) == ("CS_PARK", "answered")
    assert headers["Channel-Name"] == "isup/pstn/301234"
    assert variables_of(channel)["current_application"] == "park"


def test_each_kind_has_its_items():
    bench = DeskBench().up()
    channel = bench.nodes["A"].switchboard.dump(bench.called())

    def headers(what, **data):
        return event_headers(ChannelEvent(what, 0.0, channel, data), OFFSET)

    digit = headers(Happening.DTMF, digit="5", duration_ms="100")
    assert (digit["DTMF-Digit"], digit["DTMF-Duration"]) == ("5", "800")
    played = headers(Happening.PLAYBACK_STOP, file="a.wav", status="done", milliseconds="1200")
    assert (played["Playback-File-Path"], played["Playback-Status"], played["variable_playback_ms"]) == (
        "a.wav",
        "done",
        "1200",
    )
    assert headers(Happening.RECORD_STOP, file="r.wav", milliseconds="7")["Record-File-Path"] == "r.wav"
    done = headers(
        Happening.CHANNEL_EXECUTE_COMPLETE,
        application="playback",
        application_data="a.wav",
        application_response="FILE PLAYED",
    )
    assert (done["Application"], done["Application-Response"]) == ("playback", "FILE PLAYED")
    assert done["variable_current_application"] == "playback"
    assert event_headers(ChannelEvent(Happening.BACKGROUND_JOB, 0.0, None, {"job": "j"}), OFFSET) == {"Job-UUID": "j"}
