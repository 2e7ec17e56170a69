"""Figures of `tandem trace --stats` against the same reckoned in SQL, by DuckDB over what `--parquet` wrote."""

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

SAMPLE = Path(__file__).parent.parent.parent / "examples" / "traces" / "monday.pcap.gz"
M3UA = Path(__file__).parent.parent / "vectors" / "isup" / "captures" / "m3ua_94calls_wireshark.pcap"
SEIZED = "(answered IS NOT NULL OR cause IS NULL OR cause NOT IN (34, 42, 44, 47))"
EFFECTIVE = (
    "(outcome IN ('answered', 'busy', 'no answer', 'abandoned') OR cause IN (1, 17, 18, 19, 20, 21, 22, 27, 28))"
)
END = "coalesce(completed, released)"


def trace(*arguments):
    command = [sys.executable, "-m", "tandem.gateway", "trace", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module", params=[SAMPLE, M3UA], ids=["sample", "m3ua"])
def both(request, tmp_path_factory):
    """The statistics, and a connection with the calls as the table `calls`."""
    path = tmp_path_factory.mktemp("figures") / "calls.parquet"
    trace(request.param, "--parquet", path)
    database = duckdb.connect()
    database.execute(f"CREATE TABLE calls AS SELECT * FROM '{path}'")
    return json.loads(trace(request.param, "--stats", "--json")), database


def test_ratios_and_talk(both):
    found, database = both
    attempts, seizures, answered, talk, acd = database.execute(
        f"SELECT count(*), count(*) FILTER {SEIZED.join(('(WHERE ', ')'))}, count(answered), "
        "sum(epoch(released) - epoch(answered)) FILTER (WHERE answered IS NOT NULL AND released IS NOT NULL), "
        "avg(epoch(released) - epoch(answered)) FILTER (WHERE answered IS NOT NULL AND released IS NOT NULL) FROM calls"
    ).fetchone()
    total = found["total"]
    assert (total["attempts"], total["seizures"], total["answered"]) == (attempts, seizures, answered)
    assert total["asr"] == pytest.approx(100 * answered / seizures, abs=0.01)
    assert total["abr"] == pytest.approx(100 * answered / attempts, abs=0.01)
    assert total["talk"] == pytest.approx(talk, abs=0.01)
    assert total["acd"] == pytest.approx(acd, abs=0.01)


def test_delays(both):
    """Percentiles to 10 ms, as the page says."""
    found, database = both
    shares = {"pdd_50": 0.5, "pdd_90": 0.9, "pdd_95": 0.95, "pdd_99": 0.99}
    for name, share in shares.items():
        (exact,) = database.execute(
            f"SELECT quantile_disc(post_dial_delay, {share}) FROM calls WHERE post_dial_delay IS NOT NULL"
        ).fetchone()
        assert exact <= found["total"][name] + 1e-6
        assert found["total"][name] == pytest.approx(exact, abs=0.0101)


def test_occupancy(both):
    found, database = both
    seconds = f"(SELECT max(epoch(coalesce({END}, start))) - min(epoch(start)) FROM calls)"
    (held,) = database.execute(
        f"SELECT sum(epoch({END}) - epoch(start)) / {seconds} FROM calls WHERE {SEIZED} AND {END} IS NOT NULL"
    ).fetchone()
    ended = "coalesce(b.completed, b.released)"
    there = f"{SEIZED} AND b.start <= a.start AND ({ended} IS NULL OR {ended} > a.start)"
    (peak,) = database.execute(
        f"SELECT max(n) FROM (SELECT (SELECT count(*) FROM calls b WHERE {there}) AS n FROM calls a)"
    ).fetchone()
    (circuits,) = database.execute(
        "SELECT count(DISTINCT (protocol, least(opc, dpc), greatest(opc, dpc), cic)) FROM calls WHERE cic IS NOT NULL"
    ).fetchone()
    total = found["total"]
    assert total["erlang"] == pytest.approx(held, abs=0.002)
    assert total["peak"] == peak
    assert total["circuits"] == circuits


def test_causes_outcomes_and_hours(both):
    found, database = both
    asked = database.execute("SELECT cause, count(*), count(answered) FROM calls WHERE cause IS NOT NULL GROUP BY 1")
    assert {(one["cause"], one["count"], one["answered"]) for one in found["causes"]} == set(asked.fetchall())
    assert found["outcomes"] == dict(database.execute("SELECT outcome, count(*) FROM calls GROUP BY 1").fetchall())
    hours = database.execute("SELECT CAST(epoch(date_trunc('hour', start)) AS BIGINT), count(*) FROM calls GROUP BY 1")
    assert {(int(one["name"]), one["attempts"]) for one in found["hours"]} == set(hours.fetchall())
    routes = database.execute("SELECT count(DISTINCT (protocol, opc, dpc)) FROM calls WHERE opc IS NOT NULL").fetchone()
    assert len([one for one in found["routes"] if one["name"].startswith("isup")]) == routes[0]


def test_effectiveness(both):
    """NER by its words (E.425): users' and terminals' failures do not count against the network."""
    found, database = both
    (effective,) = database.execute(f"SELECT count(*) FROM calls WHERE {EFFECTIVE} AND {SEIZED}").fetchone()
    assert found["total"]["ner"] == pytest.approx(100 * effective / found["total"]["seizures"], abs=0.01)
