"""Either process of a gateway is killed with calls up and records under way; afterwards nothing is stuck or lost."""

import os
import signal
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from support.call_records import Service
from support.gateways import GatewayPair, wait_for
from support.postgresql import running
from support.sipp import Sipp

psycopg = pytest.importorskip("psycopg")
# Alone, because a machine that is too busy loses links and calls of its own accord.
pytestmark = [pytest.mark.interop, pytest.mark.realtime, pytest.mark.timeout(240)]

CALLS = 4
NUMBER = "301234567"


@pytest.fixture(scope="module")
def database():
    with running() as server:
        yield server


@pytest.fixture
def service():
    """A web service that takes no records until it is told to."""
    service = Service()
    service.status = 503
    yield service
    service.close()


@pytest.fixture
def pair(tmp_path, service, database):
    receivers = f"""
[[records.sqlite]]
name = "local"
file = "calls.db"
[[records.http]]
name = "billing"
url = "{service.url}"
[[records.postgresql]]
name = "warehouse"
connection = "{database.conninfo}"
[[trunk]]
"""
    pair = GatewayPair(tmp_path, edit=lambda text: text.replace("[[trunk]]\n", receivers, 1) if '"A"' in text else text)
    yield pair
    pair.close()


def calls(pair, speech, folder, hold):
    """SIPps with CALLS calls from A to B, which last `hold` milliseconds."""
    values = {"called": NUMBER, "ring": 20, "payload": 8, "speech": speech[8]}
    answering = Sipp("callee_answers", folder / "b", pair["B"].user, calls=CALLS, **values)
    values = {"called": f"0{NUMBER}", "calling": "302000", "payload": 0, "speech": speech[0], "hold": hold}
    asking = Sipp("caller_hangs_up", folder / "a", None, pair["A"].sip, calls=CALLS, options=["-r", "20"], **values)
    return answering, asking


def up(pair):
    pair["A"].read()
    pair["B"].read()
    return pair["A"].messages().count("< ANM") >= CALLS


def gone(process):
    """Whether a process that is no child of ours has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_killed_processes_leave_no_call_without_its_record_and_no_circuit_stuck(
    pair, speech, tmp_path, service, database
):
    answering, asking = calls(pair, speech, tmp_path / "finished", 0)
    with answering, asking:
        asking.wait()
        answering.wait()
    a, b = pair["A"], pair["B"]
    wait_for(lambda: len(a.records()) == CALLS, "records of A")
    a.read()
    a.lines.clear()

    signalling, media = a.processes()
    answering, asking = calls(pair, speech, tmp_path / "signalling", 60_000)
    with answering, asking:
        wait_for(lambda: up(pair), "calls up")
        a.process.send_signal(signal.SIGKILL)
        assert a.process.wait(10) == -signal.SIGKILL
        wait_for(lambda: gone(media), "the media process ends by itself", 10)
        pair.restart("A")
        pair.wait_idle(60)
        answering.wait()  # each got its BYE
    a = pair["A"]
    assert Counter(record.cause for record in a.records()) == {16: CALLS, 41: CALLS}
    assert "records: 4 call(s) were up when the gateway was killed; their records are written now" in a.trouble()
    for record in a.records()[CALLS:]:
        assert record.result == "answered"
        assert record.answer_time <= record.release_time, (
            "killed at the moment of its answer, a call has lasted no time"
        )
        assert (record.incoming.protocol, record.outgoing.protocol) == ("sip", "isup")
        assert "killed" in record.diagnostic

    answering, asking = calls(pair, speech, tmp_path / "media", 60_000)
    with answering, asking:
        wait_for(lambda: up(pair), "calls up again")
        signalling, media = a.processes()
        assert signalling == a.process.pid
        os.kill(media, signal.SIGKILL)
        assert a.process.wait(30) == 1, "so that whatever supervises it starts it again"
        refused = len(service.requests)
        assert refused
        service.status = 204
        pair.restart("A")
        pair.wait_idle(60)
        answering.wait()
    a = pair["A"]
    assert Counter(record.cause for record in a.records()) == {16: CALLS, 41: 2 * CALLS}
    wait_for(lambda: len(b.records()) == 3 * CALLS, "records of B")
    assert {record.result for record in b.records()} == {"answered"}

    identities = [record.id for record in a.records()]
    assert len(set(identities)) == 3 * CALLS
    wait_for(lambda: sum(len(body) for _, body in service.requests[refused:]) >= 3 * CALLS, "records at the service")
    assert [one["id"] for _, body in service.requests[refused:] for one in body] == identities

    def rows():
        with sqlite3.connect(tmp_path / "calls.db") as local, psycopg.connect(database.conninfo) as warehouse:
            query = "SELECT id FROM calls"
            return [sorted(row[0] for row in connection.execute(query)) for connection in (local, warehouse)]

    wait_for(lambda: rows() == [sorted(identities)] * 2, "a row for each call")
    for gateway in pair.gateways.values():
        assert gateway.stop() == 0
        assert not gateway.records_file.with_name(f"open-{gateway.records_file.name}").exists()
