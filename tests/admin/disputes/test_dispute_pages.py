"""Every page of cases and money answers, and refuses who may not."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.support.market import Market
from tests.support.people import send
from webapp import clock
from webapp.runtime import Runtime

SignIn = Callable[..., FlaskClient]

PAGES = (
    "/disputes",
    "/escrows",
    "/escrows/ageing",
    "/parties",
    "/approvals",
    "/audit",
    "/audit/verify",
    "/search",
    "/search?q=disp",
    "/search?q=²",
    "/audit?q=²",
)


@pytest.mark.parametrize("address", PAGES)
def test_a_page_without_anything_says_what_would_be_there(sign_in: SignIn, address: str) -> None:
    answer = sign_in("viewer").get(address, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    assert "Traceback" not in answer.text


def test_a_case_that_is_assigned_to_nobody_says_so(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        number = market.dispute(market.escrow(10_000)).id
    client = sign_in("agent")
    answer = send(client, f"/disputes/{number}/assign", user_id="")
    assert "is assigned to nobody." in client.get(answer.location).text
