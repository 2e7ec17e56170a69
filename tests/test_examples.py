"""Files that people copy: the dashboard of Grafana asks for metrics that there are, the unit of systemd is sound."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support.call_records import record
from support.web_bench import WebBench

from tandem.gateway.media.protocol import MediaReport, SpanChanged

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def samples(bench):
    """Every metric of a gateway by name, with the names of its labels."""
    found = {}
    for name, labels in re.findall(r"^([a-z_]+)(?:\{(.*)\})? ", bench.metrics.text().decode(), re.M):
        found.setdefault(name, set()).update(re.findall(r"(\w+)=", labels))
    return found


def expressions():
    dashboard = json.loads((EXAMPLES / "grafana/tandem.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


@pytest.fixture(scope="module")
def known():
    bench = WebBench().up()
    one = record(1)
    one.outgoing.media = {"packets_sent": 50.0, "packets_received": 48.0, "packets_lost": 2.0, "packets_late": 0.0}
    bench.metrics.record(one)
    bench.nodes["A"].media_events([MediaReport(50, 2.5, 1.25, {}), SpanChanged("e1", ["RAI"])], bench.now)
    bench.look()
    bench.metrics.receivers = lambda: {"db": (7, 120)}
    return samples(bench)


@pytest.mark.parametrize("expression", expressions())
def test_the_dashboard_asks_for_what_there_is(expression, known):
    names = re.findall(r"\b(?:tandem|process)_[a-z_]+", expression)
    assert names
    for name in names:
        assert name in known, name
        wanted = set(re.findall(rf"{name}\{{([^}}]*)\}}", expression)[0].replace(" ", "").split(","))
        labels = {re.match(r"\w+", one)[0] for one in wanted} - {"instance"}
        assert labels <= known[name]
    for grouped in re.findall(r"by \(([a-z, ]+)\)", expression):
        assert all({*grouped.replace(" ", "").split(",")} <= known[name] for name in names)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_the_unit_of_systemd_is_sound(tmp_path):
    unit = (EXAMPLES / "systemd/tandem.service").read_text()
    path = tmp_path / "tandem.service"
    path.write_text(unit.replace("/opt/tandem/bin/tandem", shutil.which("true")))
    done = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False)
    about = [line for line in done.stderr.splitlines() if "tandem" in line]
    assert (done.returncode, about) == (0, [])
    path.write_text(path.read_text().replace("Type=notify", "Typ=notify"))
    done = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False)
    assert "tandem.service" in done.stderr, "and would be told if it were not"
