"""Events as text, JSON and XML."""

import json
from urllib.parse import unquote
from xml.etree import ElementTree

from tandem.gateway.esl.event import NAMES, Event, Stamp

EVENT = Event("CUSTOM", {"Event-Subclass": "tandem::span", "Alarms": "LOS AIS", "Text": "50% <ü>\nnext"}, "body ü\n")


def test_plain_has_one_line_a_header_and_percent_encoded_values():
    head, _, body = EVENT.plain().partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.split("\n"))
    assert headers["Event-Name"] == "CUSTOM"
    assert headers["Alarms"] == "LOS%20AIS"
    assert unquote(headers["Text"]) == "50% <ü>\nnext"
    assert headers["Content-Length"] == str(len(body.encode())) == "8"


def test_plain_without_a_body_has_no_length():
    assert Event("HEARTBEAT", {"Up-Time": "1"}).plain() == "Event-Name: HEARTBEAT\nUp-Time: 1\n\n"


def test_json_has_values_as_they_are():
    found = json.loads(EVENT.json())
    assert found["Text"] == "50% <ü>\nnext"
    assert found["_body"] == EVENT.body


def test_xml_can_be_parsed():
    root = ElementTree.fromstring(EVENT.xml())
    assert unquote(root.find("headers/Text").text) == "50% <ü>\nnext"
    assert root.find("body").text == EVENT.body


def test_each_form_by_its_name():
    assert [EVENT.format(form) for form in ("plain", "json", "xml")] == [EVENT.plain(), EVENT.json(), EVENT.xml()]


def test_headers_are_found_whatever_their_case():
    assert EVENT.get("alarms") == "LOS AIS"
    assert EVENT.get("event-name") == "CUSTOM"
    assert EVENT.get("nothing") is None


def test_the_stamp_numbers_and_dates_events():
    stamp = Stamp("core", "host", "tandem", lambda: 1_700_000_000.25)
    first, second = stamp("HEARTBEAT"), stamp("DTMF", {"Unique-ID": "x"})
    assert (first.headers["Event-Sequence"], second.headers["Event-Sequence"]) == ("1", "2")
    assert first.headers["Event-Date-Timestamp"] == "1700000000250000"
    assert first.headers["Event-Date-GMT"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert first.headers["FreeSWITCH-Switchname"] == "tandem"
    assert second.uuid == "x"


def test_names_are_those_that_clients_ask_for():
    assert {"ALL", "CUSTOM", "CHANNEL_CREATE", "CHANNEL_HANGUP_COMPLETE", "BACKGROUND_JOB", "DTMF"} <= NAMES
