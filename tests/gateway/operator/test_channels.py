"""`show channels` and `show calls`."""

import csv
import json
from dataclasses import replace

from support.operator_desk import DeskBench, talk
from support.sip_calls import place

from tandem.gateway.operator.channels import CALL_COLUMNS, CHANNEL_COLUMNS


def test_a_call_has_two_channels():
    bench = DeskBench().up()
    assert bench.ask("show channels") == "\n0 total.\n"
    talk(bench)
    lines = bench.ask("show channels").splitlines()
    assert lines[0].split(",") == list(CHANNEL_COLUMNS)
    first, second = csv.DictReader(lines[:3])
    assert (first["direction"], second["direction"]) == ("inbound", "outbound")
    assert first["callstate"] == second["callstate"] == "ACTIVE"
    assert first["call_uuid"] == second["call_uuid"]
    assert first["uuid"] != second["uuid"]
    assert first["dest"] == "301234"
    assert lines[-1] == "2 total."


def test_a_call_is_one_row_of_calls():
    bench = DeskBench().up()
    talk(bench)
    lines = bench.ask("show calls").splitlines()
    assert lines[0].split(",") == list(CALL_COLUMNS)
    (row,) = csv.DictReader(lines[:2])
    assert (row["direction"], row["b_direction"]) == ("inbound", "outbound")
    assert bench.ask("show calls count") == "\n1 total.\n"
    assert json.loads(bench.ask("show calls as json"))["rows"][0]["b_dest"] == "301234"


def test_states_on_the_way():
    bench = DeskBench().up()
    place(bench)
    bench.run(0.1)
    rows = json.loads(bench.ask("show channels as json"))["rows"]
    assert {row["callstate"] for row in rows} <= {"DOWN", "EARLY", "RINGING"}
    assert bench.ask("status").splitlines()[3].startswith("2 session(s) - peak 2")


def test_a_parked_channel_is_a_call_of_one_half():
    bench = DeskBench().up()
    channel = bench.called()
    (row,) = json.loads(bench.ask("show channels as json"))["rows"]
    assert (row["uuid"], row["state"], row["application"], row["name"]) == (
        channel,
        "CS_PARK",
        "park",
        "isup/pstn/301234",
    )
    (call,) = json.loads(bench.ask("show calls as json"))["rows"]
    assert (call["uuid"], call["b_uuid"]) == (channel, "")


def test_states_of_calls():
    bench = DeskBench().up()
    talk(bench)
    (channel, _) = bench.nodes["A"].switchboard.channels()
    assert channel.call_state == "ACTIVE"
    assert replace(channel, held=True).call_state == "HELD"
    assert replace(channel, state="hangup").call_state == "HANGUP"
    assert replace(channel, answered=False).call_state in ("RINGING", "EARLY", "DOWN")
    quiet = replace(channel, answered=False, progressed=None, progressed_media=None)
    assert quiet.call_state == "DOWN"
    assert replace(quiet, progressed=1.0).call_state == "RINGING"
    assert replace(quiet, progressed=1.0, progressed_media=1.0).call_state == "EARLY"
