"""What goes of the storefront is found by an index that holds it: no long table is read for a few rows."""

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import sqlite

from webapp import clock
from webapp.runtime import Runtime
from webapp.services.retention.registry import all_kinds

KINDS = {each.name: each for each in all_kinds()}


@pytest.mark.parametrize("name", ["carts", "carts_without_product", "lines_without_order"])
def test_it_is_found_without_reading_all(sqlite_runtime: Runtime, name: str) -> None:
    kind, now = KINDS[name], clock.now()
    due = kind.due(sqlite_runtime.settings, now)
    with sqlite_runtime.db.reading() as session:
        for cursor in (None, (now, 7) if name == "carts" else (7,)):
            page = due.after(cursor, 100).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
            asked = text("EXPLAIN QUERY PLAN " + str(page).replace(":", "\\:"))
            plan = [row[3] for row in session.execute(asked)]
            assert plan[0].startswith(f"SEARCH {kind.model.__tablename__} USING COVERING INDEX")
            assert len(plan) == 1, "it is sorted by the index"


def test_a_cart_goes_after_its_days_and_the_others_with_the_next_run(sqlite_runtime: Runtime) -> None:
    days = {name: kind.days(sqlite_runtime.settings) for name, kind in KINDS.items()}
    assert (days["carts"], days["carts_without_product"], days["lines_without_order"]) == (30, 0, 0)
