import os
import re
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
taken = take_huge_pages()
print(taken, on_them())
assert [octets[0] for octets in filled] == [*range(250)] * 8
"""


def test_what_is_there_moves_and_stays_what_it_is() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    taken, there = map(int, done.stdout.split())
    assert there >= taken
    release = tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])
    mode = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if release >= (6, 1) and mode.exists() and "[never]" not in mode.read_text():
        assert taken


@pytest.mark.parametrize(
    ("enabled", "size"),
    [(None, None), ("always [madvise] never\n", "many\n"), ("always madvise [never]\n", "2097152\n")],
    ids=["has none", "says nothing sensible", "is set to never"],
)
def test_a_system_gives_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, enabled: str | None, size: str | None
) -> None:
    for name, text in (("enabled", enabled), ("hpage_pmd_size", size)):
        if text is not None:
            (tmp_path / name).write_text(text)
    monkeypatch.setattr(huge_pages, "_SYSTEM", tmp_path)
    assert huge_pages.take_huge_pages() == 0
