"""Numbers and texts that no database holds, at every address: a sentence, never a broken page."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from tests.support.people import send
from webapp.api.framework.binding import IdConverter
from webapp.runtime import Runtime

SignIn = Callable[..., FlaskClient]
TOO_LARGE = ["9223372036854775808", "9" * 30, "9" * 5_000]
QUERIES = [
    *[f"{name}=9999-12-31" for name in ("since", "until", "from", "to")],
    *[f"{name}={'9' * 30}" for name in ("q", "run", "after", "before", "size", "id", "assignee")],
    "after_item=%C2%B2",
    "after_transfer=9223372036854775808",
    "q=%00",
    "q=%C2%B2",
    "q=%ED%A0%80",
    "from=12,50",
    "to=1e999",
    "until=2199-12-31",
    "since=1970-01-01",
    "since=0001-01-01",
    "currency=%00",
    "after=eyJ0IjogIjAwMDEtMDEtMDFUMDA6MDA6MDArMTQ6MDAifQ",
]


def _numbered(app: Flask) -> Iterator[tuple[str, Rule]]:
    """Every address that takes a number, with a place for it."""
    for rule in app.url_map.iter_rules():
        numbers = [name for name in rule.arguments if isinstance(rule._converters[name], IdConverter)]
        if numbers:
            path = "".join(
                ("{}" if content in numbers else "x") if is_dynamic else content for is_dynamic, content in rule._trace
            )
            yield path.lstrip("|"), rule


def _pages(app: Flask) -> list[str]:
    rules = app.url_map.iter_rules()
    return sorted(
        str(rule) for rule in rules if "GET" in (rule.methods or ()) and not rule.arguments and "live" not in str(rule)
    )


def test_every_number_in_an_address_is_bounded(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        for name, converter in rule._converters.items():
            is_number = name.endswith(("_id", "id")) or "int" in type(converter).__name__.lower()
            assert isinstance(converter, IdConverter) or not is_number, f"{rule} takes {name} unbounded"


@pytest.mark.parametrize("number", TOO_LARGE)
def test_a_number_that_no_row_has_is_not_found(app: Flask, sign_in: SignIn, number: str) -> None:
    admin, seen = sign_in("admin"), 0
    for path, _rule in _numbered(app):
        assert admin.get(path.replace("{}", number)).status_code in (404, 405), path
        seen += 1
    assert seen > 60


def test_the_largest_number_breaks_nothing_either(app: Flask, sign_in: SignIn) -> None:
    admin = sign_in("admin")
    for path, rule in _numbered(app):
        if "GET" in (rule.methods or ()) and not path.startswith(("/api", "/static")):
            assert admin.get(path.replace("{}", str(2**63 - 1))).status_code < 500, path


@pytest.mark.long
@pytest.mark.parametrize("query", QUERIES)
def test_no_page_breaks_on_what_its_address_asks_for(app: Flask, sign_in: SignIn, query: str) -> None:
    admin = sign_in("admin")
    for path in _pages(app):
        if not path.startswith(("/api/", "/static", "/metrics", "/sign", "/healthz", "/readyz")):
            answer = admin.get(f"{path}?{query}")
            assert answer.status_code < 500, f"{path}?{query}"


def test_nul_in_a_form_is_refused(desk: Runtime, sign_in: SignIn) -> None:
    admin = sign_in("admin")
    answer: Any = send(admin, "/settings/stop", why="a\x00b")
    assert answer.status_code == 400
