"""Every state of everything that people see: a page offers what ends it, or a job does; what has ended offers nothing.

The states come from their enums: a new one is red here until it has its row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, update

from tests.support import payouts as payouts_of
from tests.support.job_runs import run_job_now
from tests.support.market import CHIKA, DIVINE, Market
from tests.support.people import send
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.domain.providers.provider_results import ChargebackReport, ProviderResponse, ProviderStatus
from webapp.domain.states import (
    AlertStatus,
    ApprovalStatus,
    ChargebackStatus,
    DeliveryStatus,
    DisputeStatus,
    EscrowStatus,
    InboundWebhookStatus,
    PaymentStatus,
    PayoutStatus,
    RefundStatus,
    RunStatus,
    ScheduleStatus,
)
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import (
    Alert,
    Approval,
    Chargeback,
    Delivery,
    Dispute,
    Escrow,
    InboundWebhook,
    Payment,
    Payout,
    PayoutSchedule,
    Refund,
    Run,
)
from webapp.runtime import Runtime
from webapp.services.approvals import approvals
from webapp.services.orders import orders
from webapp.services.payments.chargebacks import chargebacks
from webapp.services.refunds import settlement as refund_settlement
from webapp.services.scheduling import orphaned_runs

SignIn = Callable[..., FlaskClient]
JOB = job_actor("check_pending_payments")
WHY = {"reason": "They agreed on it."}
SPLIT = {"resolution": "split", "code": "agreement", "buyer_amount": "60.00", "seller_amount": "40.00"}
_numbers = count(1)


@dataclass(frozen=True)
class Door:
    """The action that a page offers, and the state after it."""

    action: str
    after: str
    role: str = "admin"


@dataclass(frozen=True)
class Job:
    """What a job does when its time has come, and the state after it."""

    does: Callable[[Runtime, int], object]
    after: str


@dataclass(frozen=True)
class End:
    """It has ended: none of these is offered, and each is refused."""

    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Thing:
    """How one comes to be in a state, where it is shown, and the way out of each state."""

    states: type[StrEnum]
    model: Any
    made: Callable[[Runtime, SignIn, str], int]
    page: str
    ways: Mapping[str, Door | Job | End]


def _forced(desk: Runtime, model: Any, number: int, status: str, **more: Any) -> int:
    with desk.db.transaction() as session:
        session.execute(update(model).where(model.id == number).values(status=status, **more))
    return number


def _row(desk: Runtime, model: Any, **values: Any) -> int:
    with desk.db.transaction() as session:
        return int(session.scalars(insert(model).values(**values).returning(model.id)).one())


def _an_escrow(desk: Runtime, **more: Any) -> Escrow:
    with desk.db.transaction() as session:
        return Market(session, desk, at=clock.now()).escrow(10_000, **more)


def _payment(desk: Runtime, sign_in: SignIn, status: str, terms: str = "unpaid") -> int:
    seen = {"provider_amount": 10_000, "provider_currency": "NGN"} if status == "needs_review" else {}
    return _row(
        desk,
        Payment,
        order_id=_an_escrow(desk, terms=terms).order_id,
        provider="paystack",
        reference=f"p-{next(_numbers)}",
        provider_id="77",
        status=status,
        amount=10_000,
        currency="NGN",
        created_at=clock.now(),
        **seen,
    )


def _refund(desk: Runtime, sign_in: SignIn, status: str) -> int:
    paid = _payment(desk, sign_in, "failed")
    with desk.db.reading() as session:
        payment = session.get_one(Payment, paid)
        party = orders.get(session, payment.order_id).buyer_id
    common = {"provider": "paystack", "amount": 10_000, "currency": "NGN", "attempts": 1, "version": 1}
    when = {"created_at": clock.now(), "next_try_at": clock.now()}
    number = _row(desk, Refund, payment_id=payment.id, party_id=party, status=status, **common, **when)
    assert number == payment.id, "So that the page of the payment is found by the refund's number."
    return number


def _escrow(desk: Runtime, sign_in: SignIn, status: str) -> int:
    if status in ("pending_payment", "held"):
        return _an_escrow(desk, terms="unpaid" if status == "pending_payment" else "paid").id
    return _forced(desk, Escrow, _an_escrow(desk).id, status, closed_at=clock.now(), close_reason="decision")


def _dispute(desk: Runtime, sign_in: SignIn, status: str) -> int:
    if status == "pending_approval":
        proposal = _approval(desk, sign_in, "proposed")
        with desk.db.reading() as session:
            return approvals.get(session, proposal).subject_id
    with desk.db.transaction() as session:
        number = Market(session, desk, at=clock.now()).dispute().id
    return _forced(desk, Dispute, number, status)


def _approval(desk: Runtime, sign_in: SignIn, status: str) -> int:
    dispute = _dispute(desk, sign_in, "under_review")
    with desk.db.transaction() as session:
        Market(session, desk, at=clock.now()).limit(1)
    assert send(sign_in("agent"), f"/disputes/{dispute}/decision", **SPLIT, **WHY, step="do").status_code == 303
    with desk.db.reading() as session:
        number = approvals.waiting(session)[-1].id
    more = {} if status == "proposed" else {"decided_at": clock.now(), "decided_by_name": "Divine"}
    return _forced(desk, Approval, number, status, **more)


def _alert(desk: Runtime, sign_in: SignIn, status: str) -> int:
    now, about = clock.now(), f"refund {next(_numbers)}"
    said = {"rule": "refund_failed", "subject": about, "severity": "warn", "sentence": f"The {about} failed."}
    return _row(desk, Alert, status=status, fired_at=now, seen_at=now, **said)


def _run(desk: Runtime, sign_in: SignIn, status: str) -> int:
    register_jobs(desk)
    now = clock.now()
    common = {"job": "verify_books", "trigger": "manual", "by": "x", "by_name": "x", "amounts": {}}
    lease = {"lease_until": now - timedelta(minutes=1)} if status == "running" else {}
    return _row(desk, Run, status=status, at=now, created_at=now, **common, **lease)


def _schedule(desk: Runtime, sign_in: SignIn, status: str) -> int:
    register_jobs(desk)
    number = payouts_of.planned(desk)
    if status == "processing":
        payouts_of.written(desk, number)
        return number
    return _forced(desk, PayoutSchedule, number, status)


def _payout(desk: Runtime, sign_in: SignIn, status: str) -> int:
    register_jobs(desk)
    number = payouts_of.written(desk, payouts_of.planned(desk))
    if status in ("failed", "reversed"):
        payouts_of.settled(desk, number, ProviderStatus(status), "Account closed.")
        return number
    return _forced(desk, Payout, number, status)


def _chargeback(desk: Runtime, sign_in: SignIn, status: str) -> int:
    payment = _payment(desk, sign_in, "succeeded", "paid")
    _charged(ChargebackStatus.OPEN)(desk, payment)
    with desk.db.reading() as session:
        [known] = chargebacks.of_payment(session, payment)
    assert known.id == payment, "So that the page of the payment is found by the chargeback's number."
    return _forced(desk, Chargeback, known.id, status)


def _delivery(desk: Runtime, sign_in: SignIn, status: str) -> int:
    now, number = clock.now(), next(_numbers)
    about = {"key": f"k-{number}", "lane": f"l-{number}", "channel": "email", "kind": "x", "body": "Hello."}
    common = {"subject_kind": "escrow", "subject_id": 1, "recipient": "a@desk.example"}
    return _row(desk, Delivery, status=status, next_try_at=now, created_at=now, **about, **common)


def _inbound_webhook(desk: Runtime, sign_in: SignIn, status: str) -> int:
    now = clock.now()
    told = {"provider": "paystack", "key": f"k-{next(_numbers)}", "event": "customer.created", "body": "{}"}
    waits = {"next_try_at": now - timedelta(minutes=1)} if status == "received" else {"handled_at": now}
    return _row(desk, InboundWebhook, status=status, received_at=now, times=1, attempts=0, **told, **waits)


def _given_back(desk: Runtime, refund_id: int) -> None:
    """Its provider has given it back, as it says when the job asks."""
    with desk.db.transaction() as session:
        word = ProviderResponse("r", ProviderStatus.SUCCEEDED, 10_000, "NGN", "9")
        refund_settlement.settle_all(session, {refund_id: word}, at=clock.now(), actor=JOB)


def _charged(status: ChargebackStatus) -> Callable[[Runtime, int], object]:
    """The bank's dispute stands like this, as its provider says when the job asks."""

    def settle(desk: Runtime, payment_id: int) -> None:
        with desk.db.transaction() as session:
            payment = session.get_one(Payment, payment_id)
            word = ChargebackReport(f"c-{payment_id}", status, payment.reference or "", 10_000, "NGN")
            chargebacks.settle(session, payment_id, word, at=clock.now(), actor=DIVINE, settings=desk.settings)

    return settle


def _rejected(desk: Runtime, dispute_id: int) -> None:
    """A second person rejects what was proposed. The page where that is done is the approval's."""
    with desk.db.transaction() as session:
        [waits] = [each.id for each in approvals.waiting(session) if each.subject_id == dispute_id]
        approvals.reject(session, waits, "No.", at=clock.now(), actor=CHIKA)


def _swept(desk: Runtime, run_id: int) -> None:
    with desk.db.transaction() as session:
        orphaned_runs.take_over(session, run_id, clock.now())


def _paid_out(desk: Runtime, payout_id: int) -> None:
    payouts_of.settled(desk, payout_id, ProviderStatus.SUCCEEDED)


def _schedule_paid(desk: Runtime, schedule_id: int) -> None:
    with desk.db.reading() as session:
        payout = session.get_one(PayoutSchedule, schedule_id).payout_id or 0
    _forced(desk, Payout, payout, "sent")
    _paid_out(desk, payout)


def _handled(desk: Runtime, webhook_id: int) -> None:
    run_job_now(desk, "handle_webhooks")


_PAID, _LEFT = End(("mark-paid", "accept", "refund")), End(("release", "refund", "void"))
_WITHDRAWN, _DECIDED = Door("withdraw", "withdrawn", "agent"), End(("approve", "reject"))
_RAN, _CLOSED = End(("cancel",)), End(("withdraw", "decision"))
_TRIED, _NEVER_SETTLED = Job(_paid_out, "succeeded"), End(("settle-refund",))
_GIVEN = Job(_given_back, "processed")

THINGS: dict[str, Thing] = {
    "payment": Thing(
        PaymentStatus,
        Payment,
        _payment,
        "/payments/{id}",
        {
            "pending": Door("mark-paid", "succeeded", "agent"),
            "needs_review": Door("accept", "succeeded", "agent"),
            "failed": Door("mark-paid", "succeeded", "agent"),
            "expired": Door("mark-paid", "succeeded", "agent"),
            "succeeded": _PAID,
        },
    ),
    "refund": Thing(
        RefundStatus,
        Refund,
        _refund,
        "/payments/{id}",
        {
            "waiting": _GIVEN,
            "sending": _GIVEN,
            "pending": _GIVEN,
            "processed": _NEVER_SETTLED,
            "needs_review": Door("settle-refund", "settled_otherwise", "approver"),
            "failed": Door("settle-refund", "settled_otherwise", "approver"),
            "settled_otherwise": _NEVER_SETTLED,
        },
    ),
    "escrow": Thing(
        EscrowStatus,
        Escrow,
        _escrow,
        "/escrows/{id}",
        {
            "pending_payment": Door("void", "voided", "agent"),
            "held": Door("release", "released", "agent"),
            "released": _LEFT,
            "refunded": _LEFT,
            "split": _LEFT,
            "voided": _LEFT,
        },
    ),
    "dispute": Thing(
        DisputeStatus,
        Dispute,
        _dispute,
        "/disputes/{id}",
        {
            "opened": _WITHDRAWN,
            "needs_response": _WITHDRAWN,
            "under_review": _WITHDRAWN,
            "escalated": _WITHDRAWN,
            "expired": _WITHDRAWN,
            "pending_approval": Job(_rejected, "under_review"),
            "resolved": _CLOSED,
            "withdrawn": _CLOSED,
        },
    ),
    "approval": Thing(
        ApprovalStatus,
        Approval,
        _approval,
        "/approvals/{id}",
        {
            "proposed": Door("reject", "rejected", "approver"),
            "approved": _DECIDED,
            "executed": _DECIDED,
            "rejected": _DECIDED,
            "expired": _DECIDED,
            "failed": _DECIDED,
        },
    ),
    "alert": Thing(
        AlertStatus,
        Alert,
        _alert,
        "/alerts?tab=all",
        {
            "firing": Door("resolve", "resolved", "operator"),
            "acknowledged": Door("resolve", "resolved", "operator"),
            "resolved": End(("resolve", "acknowledge")),
        },
    ),
    "run": Thing(
        RunStatus,
        Run,
        _run,
        "/queues",
        {
            "queued": Door("cancel", "failed", "operator"),
            "running": Job(_swept, "queued"),
            "succeeded": _RAN,
            "partial": _RAN,
            "failed": _RAN,
            "lost": _RAN,
            "missed": _RAN,
            "skipped": _RAN,
        },
    ),
    "payout schedule": Thing(
        ScheduleStatus,
        PayoutSchedule,
        _schedule,
        "/payout-schedules/{id}",
        {
            "pending": Door("cancel", "cancelled"),
            "processing": Job(_schedule_paid, "processed"),
            "failed": Door("trigger", "pending", "operator"),
            "processed": End(("cancel", "trigger")),
            "cancelled": End(("cancel", "trigger")),
        },
    ),
    "payout": Thing(
        PayoutStatus,
        Payout,
        _payout,
        "/payouts/{id}",
        {
            "pending": Door("cancel", "cancelled"),
            "sending": _TRIED,
            "sent": _TRIED,
            "succeeded": End(("cancel", "retry")),
            "failed": End(("cancel",)),  # its money is back; its schedule goes on
            "reversed": Door("retry", "reversed", "operator"),
            "cancelled": End(("cancel", "retry")),
        },
    ),
    "chargeback": Thing(
        ChargebackStatus,
        Chargeback,
        _chargeback,
        "/payments/{id}",
        {"open": Job(_charged(ChargebackStatus.WON), "won"), "won": End(), "lost": End(), "accepted": End()},
    ),
    "delivery": Thing(
        DeliveryStatus,
        Delivery,
        _delivery,
        "/notifications/{id}",
        {
            "waiting": Door("cancel", "cancelled", "operator"),
            "dead": Door("cancel", "cancelled", "operator"),
            "delivered": _RAN,
            "cancelled": _RAN,
        },
    ),
    "webhook of a provider": Thing(
        InboundWebhookStatus,
        InboundWebhook,
        _inbound_webhook,
        "/inbound-webhooks/{id}",
        {
            "received": Job(_handled, "ignored"),
            "failed": Door("replay", "received", "operator"),
            "handled": End(),
            "ignored": End(),
        },
    ),
}


@pytest.mark.parametrize("kind", THINGS)
def test_each_state_ends_by_a_page_or_a_job_or_is_the_end(desk: Runtime, sign_in: SignIn, kind: str) -> None:
    thing, browser = THINGS[kind], cache(sign_in)
    assert set(thing.ways) == set(thing.states)
    with desk.db.transaction() as session:
        Market(session, desk, at=clock.now()).limit(1_000_000)
    for state, way in thing.ways.items():
        number = thing.made(desk, browser, state)
        if isinstance(way, End):
            _find_shut(browser("admin"), thing, number, way)
            continue
        if isinstance(way, Door):
            _go_in(browser(way.role), thing, number, way.action)
        else:
            way.does(desk, number)
        with desk.db.reading() as session:
            assert (state, session.get_one(thing.model, number).status) == (state, way.after)


def _go_in(client: FlaskClient, thing: Thing, number: int, action: str) -> None:
    path = _path(thing, number, action)
    assert f'"{path}"' in client.get(thing.page.format(id=number), follow_redirects=True).text
    answer = send(client, path, **WHY, step="do")
    assert answer.status_code == 303, answer.text


def _find_shut(client: FlaskClient, thing: Thing, number: int, end: End) -> None:
    shown = client.get(thing.page.format(id=number), follow_redirects=True)
    assert shown.status_code == 200
    for action in end.refused:
        path = _path(thing, number, action)
        assert f'"{path}"' not in shown.text
        assert send(client, path, **WHY, **SPLIT, step="do").status_code == 409, action


def _path(thing: Thing, number: int, action: str) -> str:
    where = thing.page.split("?")[0]
    return f"{where.format(id=number) if '{id}' in where else f'{where}/{number}'}/{action}"
