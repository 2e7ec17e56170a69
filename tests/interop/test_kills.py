"""Either process of a gateway is killed with calls up and records under way; afterwards nothing is stuck or lost."""

import json
import os
import re
import signal
import sqlite3
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.call_records import Service
from support.gateways import CIRCUITS, GatewayPair, wait_for
from support.operator_process import free_port
from support.postgresql import running
from support.sipp import Sipp

from tandem.core.errors import TandemError
from tandem.gateway.console.command import Place, run_command

psycopg = pytest.importorskip("psycopg")
# Alone, because a machine that is too busy loses links and calls of its own accord.
pytestmark = [pytest.mark.interop, pytest.mark.realtime, pytest.mark.timeout(240)]

CALLS = 4
RINGING = 2
NUMBER = "301234567"
UNANSWERED = "991234567"
#: The messages that tell of an answer.
ANSWERS = {"isup": {"ANM"}, "tup": {"ANC", "ANU"}, "pri": {"CONNECT"}}
#: The messages that reset a circuit, or many.
RESETS = {"isup": {"GRS", "RSC"}, "tup": {"GRS", "RSC"}, "pri": {"RESTART"}}


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


def signalled_by(kind, text):
    """The configuration of one of the pair, with circuits of `kind`, and a port for its operator."""
    text = text.replace("[sip]\n", f'[event_socket]\npassword = "p"\nlisten = "127.0.0.1:{free_port()}"\n[sip]\n', 1)
    if kind == "pri":
        side = "user" if 'name = "A"' in text else "network"
        text = re.sub(r"\[\[ss7\.linkset\]\].*?(?=\[\[trunk\]\])", "", text, flags=re.DOTALL)
        text = re.sub(
            r'type = "isup".*?cic = "1-15,17-31"\n',
            f'type = "pri"\nside = "{side}"\n  [[trunk.spans]]\n  span = "e1"\n',
            text,
            flags=re.DOTALL,
        )
    return text.replace('type = "isup"', f'type = "{kind}"')


def circuits(gateway):
    """Every circuit or B-channel as the operator sees it, none before the operator is heard."""
    port = int(re.search(r'password = "p"\nlisten = "127.0.0.1:(\d+)"', gateway.text)[1])
    try:
        rows = json.loads(run_command(Place("127.0.0.1", port, "p"), "show circuits as json"))["rows"]
    except TandemError:
        return []
    return [(row["state"], row["usable"], row["call"]) for row in rows]


def idle(gateway):
    """Whether it is up and all its circuits are idle."""
    gateway.read()
    assert gateway.process.poll() is None, f"gateway {gateway.name} ended: {gateway.lines[-3:]}"
    return circuits(gateway) == [("idle", True, "")] * CIRCUITS


@pytest.fixture(params=ANSWERS)
def kind(request):
    return request.param


@pytest.fixture
def pair(tmp_path, service, database, kind):
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

    def edit(text):
        text = signalled_by(kind, text)
        return text.replace("[[trunk]]\n", receivers, 1) if '"A"' in text else text

    pair = GatewayPair(tmp_path, edit=edit, idle=idle)
    yield pair
    pair.close()


class Peers:
    """SIPps with calls from A to B: CALLS that are answered, RINGING that are not; all are left with cause 41."""

    def __init__(self, pair, speech, folder):
        self.pair = pair
        self._stack = ExitStack()
        there = {"payload": 8, "speech": speech[8]}
        here = {"payload": 0, "speech": speech[0], "calling": "302000", "cause": 41}
        silent = int(re.search(r'name = "silent"\ntype = "sip"\npeer = "127.0.0.1:(\d+)"', pair["B"].text)[1])
        sipps = [
            Sipp("callee_answers", folder / "b", pair["B"].user, calls=CALLS, called=NUMBER, ring=20, **there),
            Sipp("callee_is_left", folder / "silent", silent, calls=RINGING, called=UNANSWERED, status=180),
            Sipp("caller_is_left", folder / "a", None, pair["A"].sip, calls=CALLS, called=f"0{NUMBER}", **here),
        ]
        del here["speech"]
        sipps.append(
            Sipp(
                "caller_is_refused",
                folder / "refused",
                None,
                pair["A"].sip,
                calls=RINGING,
                called=f"0{UNANSWERED}",
                status=503,
                **here,
            )
        )
        self.all = [self._stack.enter_context(sipp) for sipp in sipps]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._stack.close()

    def wait(self):
        """Each was told of the end of its calls as its scenario expects."""
        for sipp in self.all:
            sipp.wait(40)


def up(pair, kind):
    """Whether all calls are where they are to be killed."""
    for gateway in pair.gateways.values():
        gateway.read()
    rings = sum("180" in line["text"] for line in pair["B"].lines if line["shape"] == "<")
    return len(messages(pair["A"], kind, "<", ANSWERS[kind])) == CALLS and rings >= RINGING + CALLS


def messages(gateway, kind, shape, names):
    """The lines of the log with messages of these names."""
    return [
        line["text"]
        for line in gateway.lines
        if line["shape"] == shape
        and line["subject"].startswith(f"{kind} ")
        and not names.isdisjoint(line["text"].split())
    ]


def gone(process):
    """Whether a process that is no child of ours has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def outcomes(gateway):
    return Counter((record.result, record.cause) for record in gateway.records())


def test_killed_processes_leave_no_call_without_its_record_and_no_circuit_stuck(
    pair, speech, tmp_path, service, database, kind
):
    a, b = pair["A"], pair["B"]
    signalling, media = a.processes()
    with Peers(pair, speech, tmp_path / "signalling") as peers:
        wait_for(lambda: up(pair, kind), "calls up")
        a.process.send_signal(signal.SIGKILL)
        assert a.process.wait(10) == -signal.SIGKILL
        wait_for(lambda: gone(media), "the media process ends by itself", 10)
        pair.restart("A")
        pair.wait_idle(60)
        peers.wait()
    a = pair["A"]
    assert messages(a, kind, ">", RESETS[kind])
    assert outcomes(a) == {("answered", 41): CALLS, ("failed", 41): RINGING}
    told = f"{CALLS} of them answered; their records are written now"
    assert f"records: the gateway was killed with {CALLS + RINGING} call(s), {told}" in a.trouble()
    for record in a.records():
        if record.result == "answered":
            assert record.answer_time <= record.release_time, "killed in the moment of its answer, it lasted no time"
        assert record.setup_time <= record.alerting_time <= record.release_time
        assert (record.incoming.protocol, record.outgoing.protocol) == ("sip", kind)
        assert "killed" in record.diagnostic

    a.lines.clear()
    b.lines.clear()
    with Peers(pair, speech, tmp_path / "media") as peers:
        wait_for(lambda: up(pair, kind), "calls up again")
        signalling, media = a.processes()
        assert signalling == a.process.pid
        os.kill(media, signal.SIGKILL)
        assert a.process.wait(30) == 1, "so that whatever supervises it starts it again"
        refused = len(service.requests)
        assert refused
        service.status = 204
        pair.restart("A")
        pair.wait_idle(60)
        peers.wait()
    a = pair["A"]
    assert outcomes(a) == {("answered", 41): 2 * CALLS, ("failed", 41): 2 * RINGING}
    calls = 2 * (CALLS + RINGING)
    wait_for(lambda: len(b.records()) == calls, "records of B")
    assert Counter(record.result for record in b.records()) == {"answered": 2 * CALLS, "failed": 2 * RINGING}

    identities = [record.id for record in a.records()]
    assert len(set(identities)) == calls
    wait_for(lambda: sum(len(body) for _, body in service.requests[refused:]) >= calls, "records at the service")
    assert [one["id"] for _, body in service.requests[refused:] for one in body] == identities

    def rows():
        with sqlite3.connect(tmp_path / "calls.db") as local, psycopg.connect(database.conninfo) as warehouse:
            query = "SELECT id FROM calls"
            return [sorted(row[0] for row in connection.execute(query)) for connection in (local, warehouse)]

    # The warehouse has those of the other kinds too.
    wait_for(lambda: [set(identities) <= set(found) for found in rows()] == [True] * 2, "a row for each call")
    assert [sum(found.count(identity) for identity in identities) for found in rows()] == [calls] * 2
    for gateway in pair.gateways.values():
        assert gateway.stop() == 0
        assert not gateway.records_file.with_name(f"open-{gateway.records_file.name}").exists()
