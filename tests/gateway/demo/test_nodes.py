"""Configurations of the nodes of a flow: right, each the other end of its neighbour; the examples are these texts."""

from itertools import product
from pathlib import Path

import pytest

from tandem.gateway.configuration.load import parse
from tandem.gateway.configuration.schema import PriTrunk, SipTrunk
from tandem.gateway.demo.nodes import CIRCUITS, PROTOCOLS, USERS, exchange_text, tandem_text

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


@pytest.mark.parametrize(("left", "right"), list(product(PROTOCOLS, PROTOCOLS)))
def test_the_example_of_the_pair(left, right):
    text = tandem_text(left, right)
    assert (EXAMPLES / f"{left}-{right}.toml").read_text(encoding="utf-8") == text, "run `make docs`"
    configuration = parse(text)
    assert [trunk.name for trunk in configuration.trunk] == ["to-a", "to-b"]
    assert [type(trunk).__struct_config__.tag for trunk in configuration.trunk] == [left, right]
    assert len(configuration.span) == 2 - (left, right).count("sip")


@pytest.mark.parametrize("protocol", PROTOCOLS[1:])
@pytest.mark.parametrize(("name", "end"), [("A", "a"), ("B", "b")])
def test_an_exchange_is_the_other_end_of_its_line(name, end, protocol):
    exchange = parse(exchange_text(name, protocol))
    tandem = parse(tandem_text(*((protocol, "sip") if name == "A" else ("sip", protocol))))
    (ours,), (theirs,) = exchange.span, tandem.span
    ports = [dict(part.split("=") for part in span.device.removeprefix("satop:").split(",")) for span in (ours, theirs)]
    assert (ports[0]["listen"], ports[0]["peer"]) == (ports[1]["peer"], ports[1]["listen"])
    trunks = {trunk.name: trunk for node in (exchange, tandem) for trunk in node.trunk}
    user = next(trunk for trunk in exchange.trunk if isinstance(trunk, SipTrunk))
    assert user.peer == f"127.0.0.1:{USERS[end]}"
    if protocol == "pri":
        sides = [trunk.side for node in (exchange, tandem) for trunk in node.trunk if isinstance(trunk, PriTrunk)]
        assert sorted(sides) == ["network", "user"]
    else:
        one, other = exchange.ss7.linkset[0], tandem.ss7.linkset[0]
        assert (one.point_code, one.adjacent_point_code) == (other.adjacent_point_code, other.point_code)
    assert trunks


def test_a_line_has_30_circuits():
    assert len(range(1, 32)) - 1 == CIRCUITS
