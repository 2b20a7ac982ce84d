"""A chargeback of a part, wherever people look: on the payment, in the list, on the escrow, in the case, in the API."""

from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient

from tests.support.people import send
from tests.support.sandbox import Sandbox, sandbox, world  # noqa: F401
from tests.support.taken_back import Case, sqlite_runtime  # noqa: F401
from webapp.runtime import Runtime
from webapp.services.payments.chargebacks import chargebacks

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def case(desk: Runtime, world: Sandbox) -> Case:
    return Case(desk, world)


def _shown(client: FlaskClient, address: str) -> str:
    return client.get(address).text.replace("\xa0", " ")


def _addresses(case: Case) -> tuple[str, ...]:
    with case.runtime.db.reading() as session:
        [known] = chargebacks.of_payment(session, case.payment_id)
        dispute = known.dispute_id
    return f"/payments/{case.payment_id}", "/payments/?tab=all", f"/escrows/{case.escrow().id}", f"/disputes/{dispute}"


def test_its_amount_is_shown_wherever_people_look(case: Case, sign_in: SignIn) -> None:
    case.charged_back(4_000)
    client = sign_in("viewer")
    for address in _addresses(case):
        assert "NGN 40.00" in _shown(client, address), address
    escrow = _shown(client, f"/escrows/{case.escrow().id}")
    assert "by a chargeback" in escrow
    assert "Lifted by the end of the chargeback, and by nothing else." in escrow
    shown = client.get(f"/api/v1/payments/{case.payment_id}").json
    listed = client.get("/api/v1/payments").get_json()["data"]
    for found in (shown, *listed):
        [bank] = found["chargebacks"]
        assert (bank["status"], bank["amount"]) == ("open", {"amount": 4_000, "currency": "NGN"})


def test_one_that_was_accepted_and_won_after_all_says_where_the_money_is_and_goes(case: Case, sign_in: SignIn) -> None:
    number = case.charged_back(4_000)
    case.bank(number, "accepted")
    case.bank(number, "won")
    client, (payment, _, escrow, dispute) = sign_in("viewer"), _addresses(case)
    won = "won chargeback 2 at paystack after all: the payer's bank had taken NGN 40.00, and gives that back."
    for address in (payment, escrow, dispute):
        page = unescape(_shown(client, address))
        assert won in page, address
        assert "it cost us nothing" not in page
        assert "Booked as taken, and to be given again by a decision: NGN 40.00" in page
    page = unescape(_shown(client, payment))
    assert "it lies at paystack and counts in nobody's balance here. It had come out of escrow E-unpaid-1." in page
    assert f"“Give it again” of payment {case.reference}: NGN 40.00 into escrow E-unpaid-1." in page
    assert "Deciding about the payment ends that." in _shown(client, escrow)
    case.decide("give_again")
    assert "lies at paystack" not in _shown(client, payment)


def test_whoever_refunds_what_is_left_is_told_what_the_payer_has(case: Case, sign_in: SignIn) -> None:
    case.bank(case.charged_back(4_000), "accepted")
    *_, dispute = _addresses(case)
    said = {"resolution": "refund_to_buyer", "code": "agreement", "reason": "It never came."}
    page = send(sign_in("admin"), f"{dispute}/decision", step="preview", **said).text.replace("\xa0", " ")
    assert "was accepted: the payer has NGN 40.00 back." in page
    assert "NGN 60.00" in page
    assert "NGN 60.00 of escrow" in _shown(sign_in("viewer"), dispute)
