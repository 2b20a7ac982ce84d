"""The menu: short, of the work of who is asking, with what waits for that person, and nothing out of reach."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html  # type: ignore[import-untyped]

from tests.support.market import Market
from tests.support.outbox import payout_of
from tests.support.people import PASSWORD, SETUP, send
from webapp import clock
from webapp.admin.ui.menu import MOST_ENTRIES, first_slugs, screens
from webapp.app import create_app
from webapp.domain.actors import Actor
from webapp.domain.permissions import ROLES, of_roles
from webapp.domain.states import AlertStatus
from webapp.models import Alert
from webapp.runtime import Runtime
from webapp.security.access import SIGNED_IN
from webapp.services.users import users

SignIn = Callable[..., FlaskClient]
PAIRS = [list(pair) for pair in combinations(ROLES, 2)]


def menu_of(client: FlaskClient, page: str = "/") -> Any:
    """The menu of a page, as a wide screen shows it."""
    return html.fromstring(client.get(page).text).xpath("//nav[@class='side-wide']/ul")[0]


def counts(menu: Any) -> dict[str, str]:
    """The numbers in a menu, by the address of their entry."""
    return {
        link.get("href"): link.xpath(".//span[@class='count']/text()")[0]
        for link in menu.xpath(".//a[.//span[@class='count']]")
    }


def somebody_with(desk: Runtime, roles: list[str]) -> FlaskClient:
    email, at = "both@desk.example", clock.now()
    with desk.db.transaction() as session:
        users.create(session, email=email, name="Both", roles=roles, password=PASSWORD, at=at, actor=SETUP)
    client = create_app(desk).test_client()
    assert send(client, "/sign-in", email=email, password=PASSWORD).status_code == 303
    return client


def require_short_and_whole(menu: Any, permissions: frozenset[str]) -> None:
    assert len(menu.xpath("./li")) <= MOST_ENTRIES <= 12
    linked = [link.get("href").strip("/") for link in menu.xpath(".//a")]
    assert len(linked) == len(set(linked)), "each page has one place"
    pages = {
        (screen.address or screen.slug).strip("/")
        for screen in screens()
        if screen.in_menu and (screen.permission == SIGNED_IN or screen.permission in permissions)
    }
    assert set(linked) == pages


@pytest.mark.parametrize("role", list(ROLES))
def test_no_role_has_more_than_twelve_entries_and_each_reaches_every_page_it_may_open(
    sign_in: SignIn, role: str
) -> None:
    require_short_and_whole(menu_of(sign_in(role)), ROLES[role])


@pytest.mark.parametrize("roles", [PAIRS[0], ["agent", "operator"], ["approver", "operator"]])
def test_who_has_two_roles_has_the_work_of_both_first(desk: Runtime, roles: list[str]) -> None:
    menu = menu_of(somebody_with(desk, roles))
    require_short_and_whole(menu, of_roles(roles))


def test_each_kind_of_work_has_a_menu_of_its_own() -> None:
    menus = {role: first_slugs(Actor("user", 1, role, ROLES[role])) for role in ROLES}
    assert len({tuple(menu) for menu in menus.values()}) == len(ROLES)
    assert menus["agent"][1] == "disputes"
    assert menus["approver"][1] == "approvals"
    assert menus["operator"][1] == "jobs"
    both = first_slugs(Actor("user", 1, "both", of_roles(["agent", "operator"])))
    assert {"disputes", "jobs"} < set(both[:4])


def test_every_page_that_stands_first_is_one_of_the_desk() -> None:
    known = {screen.slug for screen in screens() if screen.in_menu}
    for roles in [*PAIRS, *[[role] for role in ROLES]]:
        assert set(first_slugs(Actor("user", 1, "x", of_roles(roles)))) <= known


def test_a_group_is_open_where_the_page_stands_in_it(sign_in: SignIn) -> None:
    client = sign_in("agent")
    assert menu_of(client, "/disputes/").xpath(".//details[@open]") == []
    (opened,) = menu_of(client, "/reports/").xpath(".//details[@open]")
    assert opened.xpath(".//a[@aria-current='page']/@href") == ["/reports/"]


def fire(desk: Runtime, count: int) -> None:
    at = clock.now()
    alert = {"rule": "a_rule", "severity": "page", "status": AlertStatus.FIRING, "sentence": "Wrong.", "causes": []}
    with desk.db.transaction() as session:
        session.add_all(
            Alert(subject=f"subject {number} of {count}", fired_at=at, seen_at=at, **alert) for number in range(count)
        )


def test_the_menu_counts_what_waits_for_who_may_do_something_about_it(desk: Runtime, sign_in: SignIn) -> None:
    before = counts(menu_of(sign_in("operator"))).get("/alerts/", "0")
    fire(desk, 3)
    assert counts(menu_of(sign_in("operator")))["/alerts/"] == str(int(before) + 3)
    assert "/alerts/" not in counts(menu_of(sign_in("viewer"))), "who only reads is not called"
    fire(desk, 100)
    assert counts(menu_of(sign_in("operator")))["/alerts/"] == "99+"


def test_a_dispute_calls_nobody_once_somebody_else_has_it(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        dispute = market.dispute(market.escrow(5_000))
        reference = dispute.id
    agent, approver = sign_in("agent"), sign_in("approver")
    assert counts(menu_of(agent))["/disputes/"] == counts(menu_of(approver))["/disputes/"] == "1"
    assert send(agent, f"/disputes/{reference}/take").status_code == 303
    assert counts(menu_of(agent))["/disputes/"] == "1"
    assert "/disputes/" not in counts(menu_of(approver))


def test_a_group_says_what_waits_in_it_before_it_is_opened(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        party = Market(session, desk, at=clock.now()).party()
        payout_of(session, party.id, clock.now()).doubted_at = clock.now()
    (summary,) = menu_of(sign_in("admin")).xpath(".//summary[span[@class='count']]")
    assert summary.xpath("span[@class='count']/text()")[0] == "1"
    assert "/payouts/" in summary.getparent().xpath(".//a/@href")
