"""The documents: links lead somewhere, and what they tell people to write is right."""

import re
import tomllib
from pathlib import Path

import pytest

from tandem.gateway.configuration.shape import shape_problems

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]
BLOCKS = [
    (page, number, block)
    for page in PAGES
    for number, block in enumerate(
        re.findall(r"^ *```toml\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.S | re.M)
    )
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    inside = [target for target in targets if "://" not in target and not target.startswith("mailto:")]
    assert [target for target in inside if not (page.parent / target).exists()] == []


@pytest.mark.parametrize(
    "block",
    [pytest.param(block, id=f"{page.relative_to(ROOT)}:{number}") for page, number, block in BLOCKS],
)
def test_configuration_that_people_copy_has_no_wrong_key(block):
    """Parts of files are shown, so a key may be missing; none may be unknown or of the wrong kind."""
    found = [problem for problem in shape_problems(tomllib.loads(block)) if "is missing" not in problem.text]
    assert found == []


def test_there_is_configuration_in_the_documents():
    assert len(BLOCKS) >= 5


def test_every_page_is_reached_from_the_index():
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    pages = [
        page.relative_to(ROOT / "docs")
        for folder in ("tutorial", "how-to", "reference")
        for page in (ROOT / "docs" / folder).glob("*.md")
    ]
    assert [str(page) for page in pages if f"({page})" not in index] == []


NAMED = sorted(
    {
        (page.name, file, name)
        for page in PAGES
        for file, name in re.findall(r"`([\w/]+\.py)::(test_\w+)`", page.read_text(encoding="utf-8"))
    }
)


@pytest.mark.parametrize("file", sorted({file for _, file, _ in NAMED}))
def test_tests_that_are_named_exist(file):
    text = (ROOT / "tests" / file).read_text(encoding="utf-8")
    named = {name for _, other, name in NAMED if other == file}
    assert named - set(re.findall(r"^def (test_\w+)", text, re.M)) == set()
