"""A list's currency is chosen from those that the desk holds, not typed."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.support.market import Market
from webapp import clock
from webapp.runtime import Runtime

SignIn = Callable[..., FlaskClient]
LISTS = ("disputes", "escrows", "placements", "approvals", "payments", "payouts", "payout-schedules")


def offered(page: str) -> list[tuple[str, bool]]:
    """What can be chosen, and whether it is."""
    [select] = re.findall(r'<select name="currency".*?</select>', page, re.DOTALL)
    return [(code, bool(chosen)) for chosen, code in re.findall(r"<option( selected)?>(\w+)</option>", select)]


@pytest.fixture
def client(desk: Runtime, sign_in: SignIn) -> FlaskClient:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        market.escrow(5_000), market.escrow(700, currency="RWF")
    return sign_in("agent")


@pytest.mark.parametrize("name", LISTS)
def test_every_list_offers_what_the_desk_holds(client: FlaskClient, name: str) -> None:
    assert offered(client.get(f"/{name}/").text) == [("NGN", False), ("RWF", False)]


def test_what_is_chosen_is_shown_and_kept_however_it_was_written(client: FlaskClient) -> None:
    page = client.get("/escrows/?tab=all&currency=rwf").text
    assert offered(page) == [("NGN", False), ("RWF", True)]
    assert "RWF\xa0700" in page
    assert "50.00" not in page


def test_an_address_with_a_currency_that_is_not_held_says_so_by_finding_nothing(client: FlaskClient) -> None:
    assert offered(client.get("/escrows/?currency=USD").text) == [("NGN", False), ("RWF", False), ("USD", True)]
    assert offered(client.get("/escrows/?currency=XYZ").text) == [("NGN", False), ("RWF", False)]
