"""SCTP of the Linux kernel: with itself and with ours in user space, over two lines of which one is cut."""

import json

import pytest
from support import kernel_scenes, uml

pytestmark = [pytest.mark.interop, pytest.mark.realtime, pytest.mark.alone, pytest.mark.timeout(120)]
MODULES = ["kernel/crypto/hmac.ko", "kernel/net/sctp/sctp.ko", "kernel/drivers/net/veth.ko"]


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """What was wrong with each scene, by scene, for each pair."""
    printed = uml.run(uml.python("support.kernel_scenes"), MODULES, tmp_path_factory.mktemp("uml"))
    results = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return {tuple(result["pair"]): result for result in results}


@pytest.mark.parametrize("pair", kernel_scenes.PAIRS, ids="-".join)
@pytest.mark.parametrize("scene", [*kernel_scenes.SCENES, "end"])
def test_scene(played, scene, pair):
    lines = played[pair]["near"]
    wrong = {line["scene"]: line["wrong"] for line in map(json.loads, (line for line in lines if line.startswith("{")))}
    assert wrong.get(scene, lines) == "", played[pair]["far"]
