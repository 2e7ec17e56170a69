"""Every command about calls on a SIP leg, an ISUP circuit and a PRI channel of a gateway that runs, to SIPp."""

import json
import time
import wave

import pytest
from support.event_listener import Listener
from support.operator_process import OperatedGateway
from support.sipp import Sipp

from tandem.gateway.calls.accounting import read_records

DIAL = {"sip": "sip/pbx/2100", "isup": "isup/left/2100", "pri": "pri/net/2100"}

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with OperatedGateway(tmp_path_factory.mktemp("calls")) as started:
        started.up()
        yield started


def originated(gateway, dial, then="&park"):
    answer = gateway.ask(f"originate {{origination_caller_id_number=4711}}{dial} {then}")
    assert answer.startswith("+OK "), answer
    return answer.split()[1]


@pytest.mark.parametrize("kind", DIAL)
def test_each_command(kind, gateway, tmp_path):
    ask, records = gateway.ask, gateway.path.parent / "records.jsonl"
    before = len(list(read_records(records)))
    listener = Listener(gateway.port)
    try:
        with Sipp("plain_callee", tmp_path, port=gateway.user, calls=4, called="2[0-9]*") as callee:
            first = originated(gateway, DIAL[kind])
            created = listener.until(["CHANNEL_CREATE"], Unique_ID=first)
            assert (created["Call-Direction"], created["Caller-Destination-Number"]) == ("outbound", "2100")
            assert created["Tandem-Protocol"] == kind
            assert created["variable_origination_caller_id_number"] == "4711"
            # Circuits and channels have ringback in their speech path, and messages that say so.
            listener.until([f"CHANNEL_PROGRESS{'' if kind == 'sip' else '_MEDIA'}"], Unique_ID=first)
            listener.until(["CHANNEL_ANSWER"], Unique_ID=first)
            listener.until(["CHANNEL_PARK"], Unique_ID=first)
            # What is known of it.
            assert ask(f"uuid_exists {first}") == "true\n"
            assert f"Unique-ID: {first}\n" in ask(f"uuid_dump {first}")
            assert ask(f"uuid_setvar {first} colour blue") == "+OK\n"
            assert ask(f"uuid_getvar {first} colour") == "blue\n"
            rows = json.loads(ask("show channels as json"))["rows"]
            assert ("CS_PARK", "ACTIVE") in {(row["state"], row["callstate"]) for row in rows if row["uuid"] == first}
            # What is heard.
            recording = tmp_path / f"{kind}.wav"
            assert ask(f"uuid_record {first} start {recording}") == "+OK Success\n"
            listener.until(["RECORD_START"], Unique_ID=first)
            assert ask(f"uuid_broadcast {first} tone_stream://%(1000,0,440)") == "+OK Message sent\n"
            listener.until(["PLAYBACK_START"], Unique_ID=first)
            time.sleep(0.4)
            assert ask(f"uuid_break {first}") == "+OK\n"
            listener.until(["PLAYBACK_STOP"], Unique_ID=first)
            assert ask(f"uuid_record {first} stop {recording}") == "+OK Success\n"
            listener.until(["RECORD_STOP"], Unique_ID=first)
            with wave.open(str(recording)) as file:
                assert file.getnframes() / file.getframerate() > 0.3
            assert ask(f"uuid_send_dtmf {first} 12@100") == "+OK\n"
            # With whom it talks.
            second = originated(gateway, DIAL[kind])
            assert ask(f"uuid_bridge {first} {second}") == f"+OK {second}\n"
            listener.until(["CHANNEL_BRIDGE"], first, second)
            assert ask(f"uuid_park {first}") == "+OK\n"
            ended = listener.until(["CHANNEL_HANGUP_COMPLETE"], Unique_ID=second)
            assert ended["Hangup-Cause"] == "NORMAL_CLEARING"
            assert ask(f"uuid_transfer {first} 2200") == "+OK\n"
            listener.until(["CHANNEL_BRIDGE"], first)
            # How it ends.
            assert ask(f"uuid_kill {first} NORMAL_CLEARING") == "+OK\n"
            listener.until(["CHANNEL_HANGUP_COMPLETE"], Unique_ID=first)
            assert ask(f"uuid_exists {first}") == "false\n"
            third = originated(gateway, DIAL[kind])
            assert ask("hupall").startswith("+OK hangup all channels with cause NORMAL_CLEARING")
            listener.until(["CHANNEL_HANGUP_COMPLETE"], Unique_ID=third)
            callee.wait()
    finally:
        listener.close()
    gateway.wait_for(lambda: ask("show channels count") == "\n0 total.\n")
    for trunk in ("left", "right", "net", "usr"):
        gateway.wait_for(lambda trunk=trunk: all(row["usable"] for row in circuits(gateway, trunk)))
    gateway.wait_for(lambda: len(list(read_records(records))) > before)


def circuits(gateway, trunk):
    return json.loads(gateway.ask(f"circuit show {trunk} as json"))["rows"]


def test_who_does_not_answer_is_told_by_cause(gateway, tmp_path):
    values = {"called": "2100", "status": 486, "reason": ""}
    with Sipp("callee_refuses", tmp_path, port=gateway.user, **values) as callee:
        assert gateway.ask("originate isup/left/2100 &park") == "-ERR USER_BUSY\n"
        callee.wait()
