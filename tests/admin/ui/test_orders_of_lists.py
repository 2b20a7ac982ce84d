"""What lists are sorted by: a link in the head of the column, and an index that has the rows in this order."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.dialects import sqlite

from tests.support.market import Market
from webapp import clock
from webapp.admin.approvals import ApprovalScreen
from webapp.admin.audit import AuditScreen
from webapp.admin.disputes import listing as disputes
from webapp.admin.escrows import listing as escrows
from webapp.admin.jobs.run_listing import LISTING as RUNS
from webapp.admin.monitoring.alerts_screen import AlertScreen
from webapp.admin.parties.screen import LISTING as PARTIES
from webapp.admin.payments.listing import LISTING as PAYMENTS
from webapp.admin.payouts.listing import LISTING as PAYOUTS
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.lists.listing_state import ListState
from webapp.models import Escrow
from webapp.runtime import Runtime
from webapp.services.read_models.list_tabs import ESCROWS

LISTS: dict[str, tuple[Listing, tuple[Any, ...]]] = {
    "approvals": (ApprovalScreen.listing, ()),
    "audit": (AuditScreen.listing, ()),
    "alerts": (AlertScreen.listing, ()),
    "disputes": (disputes.listing_of("all"), ()),
    "escrows": (escrows.LISTING, ()),
    "escrows that are due": (escrows.DUE_LISTING, (*ESCROWS["due"], Escrow.policy == "deadline")),
    "parties": (PARTIES, ()),
    "payments": (PAYMENTS, ()),
    "payouts": (PAYOUTS, ()),
    "runs": (RUNS, ()),
}


@pytest.mark.parametrize("name", LISTS)
def test_every_order_of_a_long_list_is_that_of_an_index(desk: Runtime, name: str) -> None:
    listing, conditions = LISTS[name]
    for column in [each for each in listing.columns if each.sort is not False]:
        for sort in (column.name, f"-{column.name}"):
            assert _sorting(desk, listing, sort, conditions) == [], sort


def test_what_no_index_has_in_order_is_sorted_for_open_disputes_alone(desk: Runtime) -> None:
    assert _sorting(desk, disputes.listing_of("decide"), "amount", ()) != []
    sortable = {tab: _sortable(disputes.listing_of(tab)) for tab in disputes.TABS}
    assert {tab for tab, names in sortable.items() if {"amount", "assignee"} & names} == {*disputes.TABS} - {
        "resolved",
        "all",
    }


def test_amounts_are_sorted_within_their_currency(desk: Runtime, sign_in: Callable[..., FlaskClient]) -> None:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        for amount, currency in ((900, "NGN"), (50, "RWF"), (10_000, "NGN"), (7_000, "RWF")):
            market.dispute(market.escrow(amount, currency=currency))
    client = sign_in("agent")
    for address in ("/escrows/?tab=all", "/disputes/?tab=unassigned"):
        page = client.get(f"{address}&sort=-amount").text
        assert re.findall(r'<td class="money"[^>]*>\s*([^<]+?)\s*</td>', page) == [
            "RWF\xa07,000",
            "RWF\xa050",
            "NGN\xa0100.00",
            "NGN\xa09.00",
        ]
        head = re.search(
            r'<th scope="col"\s+class="money" aria-sort="descending">\s*<a class="sort" href="([^"]+)"', page
        )
        assert head is not None
        assert "sort=amount" in head[1]


def test_the_order_stays_from_tab_to_tab_and_in_a_filter(sign_in: Callable[..., FlaskClient]) -> None:
    page = sign_in("agent").get("/payouts/?tab=all&sort=-amount").text
    assert '<a href="?tab=succeeded&amp;sort=-amount">' in page
    assert '<input type="hidden" name="sort" value="-amount">' in page


def _sortable(listing: Listing) -> set[str]:
    return {column.name for column in listing.columns if column.sort is not False}


def _sorting(desk: Runtime, listing: Listing, sort: str, conditions: tuple[Any, ...]) -> list[str]:
    """The steps of SQLite's plan that sort what was read."""
    state = ListState.of(listing, {"sort": sort})
    assert (state.sort, state.descending) == (sort.removeprefix("-"), sort.startswith("-"))
    order = listing.order(state)
    query = order.sorted(order.with_places(listing.query(state, *conditions))).limit(26)
    compiled = str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    with desk.db.reading() as session:
        plan = [row[3] for row in session.execute(text("EXPLAIN QUERY PLAN " + compiled.replace(":", "\\:")))]
    return [step for step in plan if "TEMP B-TREE" in step]
