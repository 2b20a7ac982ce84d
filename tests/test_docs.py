"""The written pages hold together: links lead somewhere, and every decision is numbered, dated and in the index."""

import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT

DECISIONS = ROOT / "docs" / "decisions"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_every_decision_is_numbered_dated_and_in_the_index_in_order() -> None:
    pages = sorted(page for page in DECISIONS.glob("*.md") if page.name != "README.md")
    rows = []
    for page in pages:
        head = re.match(r"# (\d{4}) · (.+)\n\n(\d{4}-\d\d-\d\d)\n\n", page.read_text())
        assert head, page.name
        number, title, date = head.groups()
        assert page.name.startswith(f"{number}-")
        rows.append(f"| [{number}]({page.name}) | {date} | {title} |")
    index = [line for line in (DECISIONS / "README.md").read_text().splitlines() if line.startswith("| [")]
    assert rows == index
    assert len({page.name[:4] for page in pages}) == len(pages)
