"""Counts in sentences: `1 line` and `2 lines`, by `counted` or ngettext wherever the count may be one."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.paths import ROOT

_MANY = (
    r"(?:(?:bad|dead|harmless|open|other|recovery) )?(?:lines|rows|files|records|seals|transfers|payouts|payments|"
    r"orders|items|times|days|hours|nights|disputes|webhooks|letters|bytes|fields|freezes|balances|codes|people|entries|"
    r"deliveries)\b"
)
_AFTER = re.compile(" " + _MANY)
_PAGE = re.compile(r'\b_l?\(\s*"[^"]*%\((\w+)\)s ' + _MANY)
_IS_MANY = re.compile(r"[!=]= 1\b|> 1\b")
"""A sentence under such a condition has a twin for one."""
_NEVER_ONE = {
    ("webapp/admin/analytics/period_form.py", "days"),
    ("webapp/admin/outbox/delivery_actions.py", "count"),
    ("webapp/services/reconciliation/discrepancies.py", "last.source"),
    ("templates/analytics/analytics.html", "days"),
    ("templates/audit/verification.html", "most"),
    ("templates/monitoring/alerts.html", "times"),
    ("templates/outbox/inbound_webhook.html", "times"),
    ("templates/subscriptions/tenant.html", "days"),
}
"""Constants, what stands under a condition, and what is no count."""


def _of_code(source: str) -> Iterator[tuple[int, str]]:
    """The line, and the value that is followed by many of something."""
    tree = ast.parse(source)
    choices = [node for node in ast.walk(tree) if isinstance(node, (ast.IfExp, ast.If))]
    told_apart = {id(part) for node in choices if _IS_MANY.search(ast.unparse(node.test)) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and id(node) not in told_apart:
            for value, after in zip(node.values, node.values[1:], strict=False):
                if isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant):
                    name = ast.unparse(value.value)
                    if _AFTER.match(str(after.value)) and not name.rpartition(".")[2].isupper():
                        yield node.lineno, name


def _of_pages(source: str) -> Iterator[tuple[int, str]]:
    for found in _PAGE.finditer(source):
        yield source.count("\n", 0, found.start()) + 1, found[1]


def test_a_count_that_may_be_one_is_told_apart() -> None:
    code = [file for file in (ROOT / "webapp").rglob("*.py") if not {"migrations", "sandbox"} & set(file.parts)]
    files = sorted([*code, *(ROOT / "templates").rglob("*.html")])
    found = []
    for file in files:
        name, source = str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")
        seen = [*(_of_code(source) if file.suffix == ".py" else ()), *_of_pages(source)]
        found += [f"{name}:{line}: {count}" for line, count in seen if (name, count) not in _NEVER_ONE]
    assert not found, "say these by webapp.domain.numbers.counted, on pages by ngettext"


@pytest.mark.parametrize(
    "source", ['f"{count:,} lines: {good} imported"', 'f"in {len(rows)} bad lines"', '_("%(n)s times", n=2)']
)
def test_such_a_count_is_found(source: str) -> None:
    assert [*_of_code(source), *_of_pages(source)]


@pytest.mark.parametrize(
    "source",
    [
        "f\"{counted(n, 'line')} of it\"",
        'f"{n} rows" if n > 1 else "a row"',
        'f"{MOST} rows"',
        'ngettext("%(num)s row")',
    ],
)
def test_what_is_told_apart_is_not(source: str) -> None:
    assert not [*_of_code(source), *_of_pages(source)]
