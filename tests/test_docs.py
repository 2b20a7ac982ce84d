"""The written pages hold together: links lead to pages and headings that are there, ways lead from pages to functions,
every decision is numbered, dated and in the index, and the CHANGELOG begins with the version that is made.
"""

import re
import tomllib
from pathlib import Path

import pytest

from tests.support.paths import ROOT

DECISIONS = ROOT / "docs" / "decisions"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


QUESTIONS = (
    "Where is the rule that a frozen escrow is not paid?",
    "Where is the sentence of a late job made?",
    "What happens after a Paystack webhook?",
    "How is a periodic job added?",
    "How is an alert rule added?",
    "How is a setting added?",
    "How is a list screen added?",
)


def anchors(page: Path) -> set[str]:
    """What the headings of a page are linked by, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads_somewhere(page: Path, link: str) -> bool:
    """Whether a link of this page leads to a file, and to a heading of it if it names one."""
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not anchor or anchor in anchors(target))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    assert [link for link in links if "://" not in link and not leads_somewhere(page, link)] == []


def test_every_question_has_a_way_from_a_page_to_a_function() -> None:
    """That the named functions exist, `tests/test_architecture_page.py` holds of every page."""
    _, *sections = (ROOT / "docs" / "finding-your-way.md").read_text().split("\n## ")
    assert tuple(section.partition("\n")[0] for section in sections) == QUESTIONS
    for section in sections:
        question, _, answer = section.partition("\n")
        assert re.match(r"\nWay: \[[^\]]+\]\(\.\./(README|CONTRIBUTING)\.md", answer), question
        assert re.search(r"^- `(webapp|tests)/[\w/]+\.py:\w+`", answer, re.M), question


def test_the_changelog_begins_with_the_version_that_is_made() -> None:
    """`## 0.1.0, unreleased`, or its date."""
    newest = re.search(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert newest
    assert re.fullmatch(rf"{re.escape(version)}, (unreleased|\d{{4}}-\d\d-\d\d)", newest[1])


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
    assert rows == index, "docs/decisions/README.md lists each page in order: `| [number](file) | date | title |`"
    assert len({page.name[:4] for page in pages}) == len(pages)
