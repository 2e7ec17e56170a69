"""M3UA with another maker's signalling gateway: two gateways of ours on both sides of Osmocom's STP.

It speaks SCTP of the kernel alone, so all of it runs in a Linux that has that.
"""

import json

import pytest
from support import stp_scenes, uml
from support.peers import program

pytestmark = [pytest.mark.interop, pytest.mark.timeout(150)]
MODULES = ["kernel/crypto/hmac.ko", "kernel/net/sctp/sctp.ko"]


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """What was wrong with each scene; results of the calls, and the log of both gateways."""
    program("osmo-stp", "osmo-stp")
    folder = tmp_path_factory.mktemp("stp")
    printed = uml.run(uml.python("support.stp_scenes", str(folder)), MODULES, folder, 120.0)
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return {line["scene"]: line["wrong"] for line in lines[:-1]}, lines[-1]


@pytest.mark.parametrize("scene", ["service", *stp_scenes.SCENES])
def test_scene(played, scene):
    wrong, told = played
    assert wrong.get(scene, "not played") == "", "\n".join(told["log"])


def test_every_call_has_its_record_at_both_gateways(played):
    _, told = played
    assert told["results"] == {name: [["answered", 16]] * 3 for name in "AB"}


def test_a_routing_key_with_services_is_refused_by_this_peer_and_a_plain_one_taken(played):
    _, told = played
    notice = "the peer registers to-a by its point code alone: every service comes to it"
    assert f"B = association wire: {notice}" in told["log"]
