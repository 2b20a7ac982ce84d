"""Lists: paged by key, filtered and sorted by their address, and exported safely."""

import csv
import io
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from flask import Flask
from sqlalchemy import String, case, delete, func, insert, literal, select, text

from webapp import clock
from webapp.admin.ui.lists import found, keyset
from webapp.admin.ui.lists.columns import Column, choice, since, until
from webapp.admin.ui.lists.csv_export import download
from webapp.admin.ui.lists.keyset import Order
from webapp.admin.ui.lists.listing import Listing, Page
from webapp.models import Party
from webapp.runtime import Runtime

LISTING = Listing(
    key=Party.id,
    columns=(
        Column("id", "Number", Party.id, sort=True),
        Column("ref", "Party", Party.ref, sort=True),
        Column("name", "Name", Party.name, sort=True),
        Column("created_at", "Made", Party.created_at, sort=True, kind="when"),
    ),
    filters=(
        choice("name", "Name", Party.name, [("A", "A"), ("B", "B")]),
        since("from", "From", Party.created_at),
        until("to", "To", Party.created_at),
    ),
    search=lambda words: Party.ref == words,
)  # fmt: skip


@pytest.fixture
def parties(runtime: Runtime, app_of: Any) -> Iterator[Runtime]:
    """120 parties, of which half are called A and half B, on each database."""
    rows = [{"ref": f"p{n:03}", "name": "AB"[n % 2], "created_at": clock.now()} for n in range(120)]
    with runtime.db.transaction() as session:
        session.execute(insert(Party), rows)
    with app_of(runtime).test_request_context("/"):
        yield runtime


@pytest.mark.parametrize("sort", ["id", "-id", "ref", "-ref", "name", "-name", "created_at", "-created_at"])
def test_paging_shows_every_row_once_forwards_and_backwards(parties: Runtime, sort: str) -> None:
    pages = list(_walk(parties, sort))
    assert [len(page.rows) for page in pages] == [25, 25, 25, 25, 20]
    shown = [row.id for page in pages for row in page.rows]
    assert len(set(shown)) == 120
    last = pages[-1]
    for earlier in reversed(pages[:-1]):
        assert last.earlier is not None
        last = _read(parties, sort=sort, before=last.earlier)
        assert [row.id for row in last.rows] == [row.id for row in earlier.rows]
    assert last.earlier is None


def test_a_sparse_column_is_shown_where_a_row_has_it(parties: Runtime) -> None:
    named = case((Party.ref == "p007", Party.name))
    columns = (*LISTING.columns, Column("rare", "Rare", named, sparse=True))
    listing = replace(LISTING, columns=columns)
    with parties.db.reading() as session:
        pages = [listing.read(session, args) for args in ({}, {"q": "p008"}, {"q": "p007"})]
    assert ["rare" in [each.name for each in page.columns] for page in pages] == [False, False, True]


def test_a_row_that_comes_meanwhile_shifts_no_page(parties: Runtime) -> None:
    first = _read(parties, sort="-id")
    with parties.db.transaction() as session:
        session.add(Party(ref="new", name="A", created_at=clock.now()))
    second = _read(parties, sort="-id", after=str(first.later))
    assert second.rows[0].id == first.rows[-1].id - 1


def test_filters_and_search_narrow_the_list_and_stay_in_the_address(parties: Runtime) -> None:
    page = _read(parties, name="A", size="50")
    assert {row.name for row in page.rows} == {"A"}
    assert str(page.found) == "1–50 of 60"
    assert dict(parse_qsl(page.link(sort="-name")[1:])) == {"name": "A", "size": "50", "sort": "-name"}
    assert [row.ref for row in _read(parties, q="p007").rows] == ["p007"]


def test_each_page_says_which_rows_it_shows_of_how_many(parties: Runtime) -> None:
    pages = list(_walk(parties, "name"))
    placed = ["1–25 of 120", "26–50 of 120", "51–75 of 120", "76–100 of 120", "101–120 of 120"]
    assert [str(page.found) for page in pages] == placed
    back = [pages[-1]]
    while back[-1].earlier:
        back.append(_read(parties, sort="name", before=back[-1].earlier))
    assert [str(page.found) for page in reversed(back)] == placed
    assert str(_read(parties, q="p007").found) == "1 of 1"
    assert str(_read(parties, q="nobody").found) == ""


def test_an_address_that_does_not_tell_its_place_tells_how_many(parties: Runtime) -> None:
    for cursor in (keyset.encode([50]), keyset.encode([50], -3), keyset.encode([50], 2**60), keyset.encode([50], 119)):
        assert str(_read(parties, sort="id", after=cursor).found) == "25 of 120"


def test_a_place_that_rows_have_left_since_is_not_told(parties: Runtime) -> None:
    later = str(_read(parties, sort="id", size="100").later)
    with parties.db.transaction() as session:
        session.execute(delete(Party).where(Party.ref < "p060"))
    assert str(_read(parties, sort="id", after=later).found) == "20 of 60"


def test_a_count_stops_where_it_was_told_to(parties: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found, "COUNTED", 100)
    assert [str(page.found) for page in _walk(parties, "id")][0::4] == ["1–25 of over 100", "101–120 of over 100"]


def test_a_count_that_takes_long_is_given_up_and_the_rest_goes_on(
    parties: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found, "PATIENCE", 20)
    endless = select(_far(parties)).where(Party.id > 0)
    with parties.db.reading() as session:
        began = time.monotonic()
        assert found.count_up_to(session, endless, 100) == (None, False)
        assert time.monotonic() - began < 2
        assert session.scalar(select(func.count()).select_from(Party)) == 120, "the snapshot is as it was"
        if not parties.db.is_sqlite:
            assert session.scalar(text("SHOW statement_timeout")) == "2min"
        assert str(found.found(session, endless, 25, 50, whole=False)) == "51–75 of many"


def _far(desk: Runtime) -> Any:
    """What takes a database seconds for each row."""
    if not desk.db.is_sqlite:
        return func.pg_sleep(0.1).cast(String)
    numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < 10**6))
    return select(func.max(numbers.c.n)).scalar_subquery()


def test_a_filter_that_cannot_be_used_is_named_and_left_out(parties: Runtime) -> None:
    page = _read(parties, name="C", to="many", **{"from": "yesterday"})
    assert set(page.state.problems) == {"name", "from", "to"}
    assert len(page.rows) == 25


@pytest.mark.parametrize(
    "cursor", ["", "x", "!!!", "W10", "WyJhIl0", keyset.encode(["a", "b"]), keyset.encode([2**70])]
)
def test_a_cursor_that_is_none_shows_the_first_page(parties: Runtime, cursor: str) -> None:
    assert _read(parties, sort="id", after=cursor).rows[0].ref == "p000"
    assert keyset.decode(cursor, Order(Party.id, Party.id, False)) is None


def test_an_unknown_order_or_size_is_the_lists_own(parties: Runtime) -> None:
    page = _read(parties, sort="password", size="100000")
    assert (page.state.sort, page.state.descending, page.state.size) == ("id", True, 25)


def test_an_export_has_every_row_once_in_bounded_batches(parties: Runtime) -> None:
    batches = list(LISTING.batches(parties.db.reading, {"sort": "name"}, size=50))
    assert [len(batch) for batch in batches] == [50, 50, 20]
    response = download("parties", LISTING, parties.db.reading, {"name": "B"})
    rows = list(csv.reader(io.StringIO(response.get_data(as_text=True))))
    assert rows[0] == ["id", "ref", "name", "created_at"]
    assert len(rows) == 61
    assert rows[1][3].endswith("+00:00")
    assert response.headers["Content-Disposition"].startswith('attachment; filename="parties-')


def _read(runtime: Runtime, **args: str) -> Page:
    with runtime.db.reading() as session:
        return LISTING.read(session, args)


def _walk(runtime: Runtime, sort: str) -> Iterator[Page]:
    page = _read(runtime, sort=sort)
    yield page
    while page.later:
        page = _read(runtime, sort=sort, after=page.later)
        yield page


@pytest.fixture
def app_of() -> Any:
    """Makes a bare application that knows words and its runtime: what a list needs of a request."""

    def made(runtime: Runtime) -> Flask:
        from webapp.app import create_app

        return create_app(runtime)

    return made
