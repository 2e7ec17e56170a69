import subprocess
import sys
from pathlib import Path

import pytest

from tandem.gateway import huge_pages

PROGRAM = """
import re
from pathlib import Path
from tandem.gateway.huge_pages import take_huge_pages

def on_them():
    return 1024 * int(re.search(r"AnonHugePages: +(\\d+)", Path("/proc/self/smaps_rollup").read_text())[1])

filled = [bytes([number]) * 4000 for number in range(250)]
filled = [bytes(octets) + b"." for _ in range(8) for octets in filled]
before = on_them()
taken = take_huge_pages()
print(taken, on_them() - before)
assert [octets[0] for octets in filled] == [*range(250)] * 8
"""


def test_what_is_there_moves_and_stays_what_it_is() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    taken, more = map(int, done.stdout.split())
    mode = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    given = mode.exists() and "[never]" not in mode.read_text()
    assert taken >= more
    assert bool(more) == (given and bool(taken))


@pytest.mark.parametrize("said", [None, "many\n"])
def test_a_system_without_them_gives_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str | None) -> None:
    size = tmp_path / "hpage_pmd_size"
    if said is not None:
        size.write_text(said)
    monkeypatch.setattr(huge_pages, "_SIZE", size)
    assert huge_pages.take_huge_pages() == 0
