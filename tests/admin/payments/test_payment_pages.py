"""Payments on the screen: found, explained, verified and decided, against the sandbox over HTTP."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from tests.jobs.steps.test_fault_modes import refunding
from tests.support.market import DIVINE
from tests.support.people import hidden, send
from tests.support.sandbox import Sandbox, awaiting, begun, desk_with, sandbox, world  # noqa: F401
from webapp import clock
from webapp.domain.permissions import ROLES
from webapp.domain.providers.provider_results import ListedRefunds, ProviderResponse, ProviderStatus, RefundRow
from webapp.jobs.steps.verify_payments import verify_now
from webapp.models import Approval, Escrow, InboundWebhook, Payment
from webapp.runtime import Runtime
from webapp.services.approvals import escrow_decisions, limits
from webapp.services.orders import orders
from webapp.services.parties import parties
from webapp.services.payments import payments
from webapp.services.payments import settlement as payment_settlement
from webapp.services.refunds import refunds
from webapp.services.refunds import settlement as refund_settlement
from webapp.services.users import api_tokens

SignIn = Callable[..., FlaskClient]
LISTS = ("", "?tab=review", "?tab=succeeded", "?tab=failed", "?tab=expired", "?tab=all", "/export.csv?tab=all")


@pytest.fixture
def sqlite_runtime(world: Sandbox, sqlite_url: str, tmp_path: Path) -> Iterator[Runtime]:
    with desk_with(world, sqlite_url, tmp_path) as made:
        with made.db.transaction() as session:
            limits.set_limits(session, {"NGN": 1_000_000}, at=clock.now(), actor=DIVINE)
        yield made


def payment_of(desk: Runtime, payment_id: int) -> Payment:
    with desk.db.reading() as session:
        return payments.get(session, payment_id)


def in_review(desk: Runtime, came: int = 10_500) -> int:
    """A payment whose provider collected another amount."""
    _, number = awaiting(desk)
    word = {number: ProviderResponse("r", ProviderStatus.SUCCEEDED, came, "NGN", "77")}
    with desk.db.transaction() as session:
        payment_settlement.settle_all(session, word, at=clock.now(), actor=DIVINE, settings=desk.settings)
    return number


def decide(
    client: FlaskClient, number: int, action: str, reason: str = "The payer showed the receipt."
) -> tuple[str, int]:
    """Both steps of a decision: the preview, then the action; returns the preview and the action's status."""
    path = f"/payments/{number}/{action}"
    shown = send(client, path, reason=reason).text
    return shown.replace("\xa0", " "), client.post(path, data=hidden(shown, path)).status_code


@pytest.mark.parametrize("role", sorted(ROLES))
def test_everybody_reads_payments(desk: Runtime, sign_in: SignIn, role: str) -> None:
    number = in_review(desk)
    reference = payment_of(desk, number).reference or ""
    client = sign_in(role)
    for address in LISTS:
        assert client.get(f"/payments{address}").status_code == 200
    assert reference in client.get("/payments?tab=review").text
    page = client.get(f"/payments/{number}").text.replace("\xa0", " ")
    assert "The provider collected NGN 105.00, not NGN 100.00." in page.replace("&#39;", "'")
    assert "Put into review" in page


def test_payments_are_found_by_reference_order_party_and_filters(desk: Runtime, sign_in: SignIn) -> None:
    order_id, number = awaiting(desk)
    _, other = awaiting(desk, 99_000)
    client = sign_in("viewer")
    with desk.db.reading() as session:
        order = orders.get(session, order_id)
        buyer = parties.get(session, order.buyer_id).ref
    mine, theirs = payment_of(desk, number).reference or "", payment_of(desk, other).reference or ""
    for query in (f"q={mine}", f"q={order.ref}", f"q={buyer}", f"party={buyer}", "to=500", "to=500&currency=NGN"):
        found = client.get(f"/payments?{query}").text
        assert (mine in found, theirs in found) == (True, False), query
    narrowed = client.get("/payments?currency=KES").text
    assert "Nothing to show" in narrowed
    assert "Nothing matches." in narrowed
    results = client.get("/search.json", query_string={"q": mine}).get_json()["results"]
    assert [each["url"] for each in results] == [f"/payments/{number}"]


def test_verify_now_asks_the_provider_and_says_what_came_of_it(desk: Runtime, world: Sandbox, sign_in: SignIn) -> None:
    _, number = awaiting(desk)
    payment = begun(desk, number)
    operator = sign_in("operator")
    page = operator.get(f"/payments/{number}").text
    assert payment.checkout_url is not None
    assert payment.checkout_url in page
    assert send(operator, f"/payments/{number}/verify").status_code == 303
    assert "It is pending still." in operator.get(f"/payments/{number}").text
    world.pay(payment.reference)
    assert send(operator, f"/payments/{number}/verify").status_code == 303

    page = operator.get(f"/payments/{number}").text.replace("\xa0", " ")
    assert "It is paid, and the provider says nothing else: NGN 100.00." in page
    assert payment_of(desk, number).status == "succeeded"
    assert sign_in("viewer").post(f"/payments/{number}/verify").status_code == 403


def test_too_much_is_previewed_and_accepted(desk: Runtime, sign_in: SignIn) -> None:
    number = in_review(desk)
    preview, status = decide(sign_in("agent"), number, "accept")

    assert "Accept it and hold NGN 100.00" in preview
    assert "Balance after" in preview
    assert status == 303
    assert payment_of(desk, number).status == "succeeded"


def test_too_little_can_only_be_refunded_and_the_page_says_so(desk: Runtime, sign_in: SignIn) -> None:
    number = in_review(desk, 9_000)
    agent = sign_in("agent")
    page = agent.get(f"/payments/{number}").text.replace("\xa0", " ")
    assert "NGN 90.00 came in and NGN 100.00 is owed: it can&#39;t be accepted." in page
    assert f"/payments/{number}/accept" not in page
    assert send(agent, f"/payments/{number}/accept", reason="Try.").status_code == 409
    preview, status = decide(agent, number, "refund")
    assert "Refund NGN 90.00 to the payer" in preview
    assert status == 303

    page = agent.get(f"/payments/{number}").text.replace("\xa0", " ")
    assert "NGN 90.00 goes back to the payer" in page
    assert "waiting" in page


def test_marking_paid_needs_a_reason_and_the_version_that_was_seen(desk: Runtime, sign_in: SignIn) -> None:
    _, number = awaiting(desk)
    agent, path = sign_in("agent"), f"/payments/{number}/mark-paid"
    wrong = send(agent, path, reason="")
    assert wrong.status_code == 422
    assert "Say why, in a sentence." in wrong.text
    stale = send(agent, path, reason="Cash.").text
    assert decide(sign_in("admin"), number, "mark-paid")[1] == 303
    assert agent.post(path, data=hidden(stale, path)).status_code == 409
    with desk.db.reading() as session:
        assert session.scalars(select(Escrow.status)).all() == ["held"]


def test_above_the_limit_it_is_proposed_shown_to_a_second_person_and_done(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        limits.set_limits(session, {"NGN": 100}, at=clock.now(), actor=DIVINE)
    number = in_review(desk)
    agent = sign_in("agent")
    preview, status = decide(agent, number, "accept")
    assert "Propose acceptance of NGN 100.00" in preview
    assert (status, payment_of(desk, number).status) == (303, "needs_review")
    assert "it waits for approval" in agent.get(f"/payments/{number}").text
    with desk.db.reading() as session:
        proposal = session.scalars(select(Approval.id)).one()
    approver = sign_in("approver")
    page = approver.get(f"/approvals/{proposal}").text.replace("\xa0", " ")
    assert f'href="/payments/{number}"' in page
    assert "Approve the acceptance of NGN 100.00" in page
    assert "Balance after" in page
    assert "acceptance of a payment" in approver.get("/approvals").text


def test_what_waits_is_on_the_first_page_and_beside_its_escrow(desk: Runtime, sign_in: SignIn) -> None:
    number = in_review(desk)
    reference = payment_of(desk, number).reference or ""
    viewer = sign_in("viewer")
    assert reference in sign_in("agent").get("/").text
    assert reference not in viewer.get("/").text, "it waits for those who may see to it"
    with desk.db.reading() as session:
        escrow = orders.escrow_of(session, payments.get(session, number).order_id).id
    page = viewer.get(f"/escrows/{escrow}").text
    assert f'href="/payments/{number}"' in page
    assert "Put into review" in page


def test_what_the_provider_told_is_in_the_timeline(desk: Runtime, sign_in: SignIn) -> None:
    _, number = awaiting(desk)
    told = {
        "provider": "paystack",
        "key": "1",
        "event": "charge.success",
        "reference": payment_of(desk, number).reference,
        "body": "{}",
        "status": "handled",
        "received_at": clock.now(),
    }
    with desk.db.transaction() as session:
        session.execute(insert(InboundWebhook).values(**told))
    assert "The provider told: it was paid" in sign_in("viewer").get(f"/payments/{number}").text


@pytest.mark.parametrize("door", ["accept", "refund", "mark-paid"])
@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_decisions_are_refused_without_the_permission(desk: Runtime, sign_in: SignIn, role: str, door: str) -> None:
    number = in_review(desk)
    client = sign_in(role)
    assert client.get(f"/payments/{number}/{door}").status_code == 403
    assert client.post(f"/payments/{number}/{door}", data={"reason": "x"}).status_code == 403
    assert "Only these roles may do this: agent, approver, admin." in client.get(f"/payments/{number}").text


def test_a_payment_that_is_not_there_is_not_found(sign_in: SignIn) -> None:
    assert sign_in("viewer").get("/payments/77").status_code == 404


def test_a_refund_that_can_be_two_of_the_providers_is_decided_with_its_rows_shown(
    desk: Runtime, world: Sandbox, sign_in: SignIn
) -> None:
    number = refunding(desk, world)
    rows = tuple(
        RefundRow(name, ProviderStatus.PENDING, 10_000, "NGN", clock.now(), "pending") for name in ("41", "42")
    )
    with desk.db.transaction() as session:
        [giving] = refunds.claim_due(session, clock.now(), 10, timedelta(minutes=3))
        session.flush()
        refund_settlement.settle_all(session, {giving.id: ListedRefunds(rows)}, at=clock.now(), actor=DIVINE)
    client, path = sign_in("approver"), f"/payments/{number}/decide-refund"
    page = client.get(f"/payments/{number}").text
    assert "paystack lists 2 refunds of this payment that can be this one" in page
    assert all(f'<span class="ref">{name}</span>' in page for name in ("41", "42"))
    assert send(client, path, choice="ours", listed="9", reason="Seen there.").status_code == 422
    assert send(client, path, choice="ours", listed="42", reason="Seen there.").status_code == 303
    with desk.db.reading() as session:
        found = refunds.of_payment(session, number)
        assert found is not None
        assert (found.status, found.provider_id) == ("pending", "42")


def test_money_that_came_twice_is_shown_beside_its_payment_and_kept_for_the_buyer(
    desk: Runtime, sign_in: SignIn
) -> None:
    _, number = awaiting(desk)
    second = ProviderResponse("r", ProviderStatus.SUCCEEDED, 10_000, "NGN", "78")
    word = {number: ProviderResponse("r", ProviderStatus.SUCCEEDED, 10_000, "NGN", "77", others=(second,))}
    with desk.db.transaction() as session:
        payment_settlement.settle_all(session, word, at=clock.now(), actor=DIVINE, settings=desk.settings)
        [besides] = session.scalars(select(Payment.id).where(Payment.duplicate_of_id == number))
    client = sign_in("agent")
    assert f'href="/payments/{besides}"' in client.get(f"/payments/{number}").text
    page = client.get(f"/payments/{besides}").text.replace("\xa0", " ")
    assert "It is nobody" in page
    assert f'href="/payments/{number}"' in page
    for offered in ("Refund…", "Keep for the party…"):
        assert offered in page
    preview, status = decide(client, besides, "keep", "They will buy more.")
    assert "goes into the buyer" in preview
    assert status == 303
    assert payment_of(desk, besides).status == "succeeded"
    assert "in the wallet: They will buy more." in client.get(f"/payments/{besides}").text


def test_a_payment_that_is_held_is_refunded_by_its_escrow(desk: Runtime, world: Sandbox, sign_in: SignIn) -> None:
    order, number = awaiting(desk)
    world.pay(begun(desk, number).reference)
    verify_now(desk, number, DIVINE)
    with desk.db.reading() as session:
        escrow = orders.escrow_of(session, order)
    page = sign_in("approver").get(f"/payments/{number}").text.replace("&#39;", "'")
    assert f"Its money is in escrow {escrow.ref}, which is held. Refund it there" in page
    with desk.db.transaction() as session:
        escrow_decisions.refund(
            session, escrow.id, "By hand.", version=escrow.version, at=clock.now(), actor=DIVINE, settings=desk.settings
        )
    page = sign_in("viewer").get(f"/payments/{number}").text
    assert "refunded in whole" in page
    assert "in progress" not in page
    page = sign_in("viewer").get(f"/escrows/{escrow.id}").text
    assert "before it was completed" in page


def test_a_doubtful_refund_is_decided_over_http_by_a_person_and_by_no_token(
    desk: Runtime, world: Sandbox, sign_in: SignIn, app: Flask
) -> None:
    number = refunding(desk, world)
    rows = tuple(
        RefundRow(name, ProviderStatus.PENDING, 10_000, "NGN", clock.now(), "pending") for name in ("41", "42")
    )
    with desk.db.transaction() as session:
        [giving] = refunds.claim_due(session, clock.now(), 10, timedelta(minutes=3))
        session.flush()
        refund_settlement.settle_all(session, {giving.id: ListedRefunds(rows)}, at=clock.now(), actor=DIVINE)
        _, secret = api_tokens.create(
            session, name="t", scopes=["read", "payments"], expires_at=None, at=clock.now(), actor=DIVINE
        )
    path = f"/api/v1/payments/{number}"
    client = sign_in("approver")
    shown = client.get(f"{path}/refund").get_json()
    assert [row["id"] for row in shown["rows"]] == ["41", "42"]
    assert (shown["status"], shown["times_sent"], shown["amount"]["amount"]) == ("needs_review", 1, 10_000)
    says = {"choice": "ours", "number": "42", "reason": "Seen there.", "version": shown["version"]}
    bearer = {"Authorization": f"Bearer {secret}"}
    by_token = app.test_client().post(f"{path}/refund-decision", json=says, headers=bearer)
    assert by_token.status_code == 403
    with_csrf = {"X-CSRFToken": hidden(client.get("/profile").text)["csrf_token"]}
    wrong = client.post(f"{path}/refund-decision", json=says | {"version": 99}, headers=with_csrf)
    assert wrong.status_code == 409
    made = client.post(f"{path}/refund-decision", json=says, headers=with_csrf)
    assert (made.status_code, made.get_json()["status"], made.get_json()["provider_id"]) == (200, "pending", "42")
    settled = client.post(f"{path}/refund-settled", json={"reason": "By bank."}, headers=with_csrf)
    assert settled.status_code == 409
