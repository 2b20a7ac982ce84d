"""Every page of cases and money answers, and refuses who may not."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from markupsafe import escape
from sqlalchemy import update

from tests.support.market import Market
from tests.support.people import send
from webapp import clock
from webapp.domain.disputes.resolutions import REASON_CODES, RESOLUTION_CODES
from webapp.models import Dispute
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


def test_a_case_says_its_codes_in_the_words_that_they_were_chosen_by(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        number = market.dispute(market.escrow(10_000)).id
    pages = (f"/disputes/{number}", f"/disputes/{number}/print")
    client = sign_in("agent")
    decided = {"status": "resolved", "resolution": "no_fault", "resolved_at": clock.now()}
    for column, words in (("reason_code", REASON_CODES), ("resolution_code", RESOLUTION_CODES)):
        for code, label in words.items():
            with desk.db.transaction() as session:
                session.execute(update(Dispute).values(**decided, **{column: code}))
            for page in pages:
                assert str(escape(label)) in client.get(page).text, (page, code)
