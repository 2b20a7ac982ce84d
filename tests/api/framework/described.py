"""A desk with something of everything, to be asked by a property-based tester, and what is known to be in it."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select, update

from tests.conftest import FILE
from tests.support import money
from tests.support.arguments import ByActor
from tests.support.filled import Filled
from tests.support.market import DIVINE, Market
from tests.support.outbox import endpoint, happen, spread
from tests.support.people import PASSWORD, SETUP, send
from tests.support.sandbox import Sandbox, awaiting, begun, desk_with, sandbox
from webapp import clock
from webapp.app import create_app
from webapp.domain.permissions import SCOPES
from webapp.domain.states import CLOSED_DISPUTES, EscrowStatus, OrderStatus, PaymentStatus, Policy
from webapp.jobs.run_job import run_here
from webapp.jobs.steps import verify_payments
from webapp.models import (
    ApiToken,
    Approval,
    Delivery,
    Dispute,
    Escrow,
    Evidence,
    Order,
    Party,
    Payment,
    PayoutDestination,
    Run,
    Schedule,
    Transfer,
    User,
    WebhookEndpoint,
)
from webapp.runtime import Runtime
from webapp.sandbox.core import fault_modes
from webapp.services.disputes import evidence
from webapp.services.orders import placement_holds
from webapp.services.orders.placement_holds import NewHold
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts.destinations import NewDestination
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.payouts.schedules.schedules import NewSchedule
from webapp.services.scheduling import runs
from webapp.services.users import api_tokens, users

SOME = 40
FAR = 10**12
"""The number of the tester's own token: none that it revokes by chance."""
DEBTOR = "debtor"
_PERSON = "tester@desk.example"


GOOD: dict[str, list[Any]] = {
    "amount": [{"amount": 100, "currency": "NGN"}],
    "content": [base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\x00" * 64).decode()],
    "currency": ["NGN"],
    "events": [["*"], ["escrow.*"]],
    "fee": [0],
    "password": [PASSWORD],
    "provider": ["paystack"],
    "reason": ["It was agreed."],
    "release_at": [clock.iso(clock.now() + timedelta(days=400))],
    "terms": ["paid", "unpaid"],
    "url": ["https://shop.example/other"],
}
"""Values that may be right, by the names of their fields."""


@dataclass
class ApiCaller:
    """Who asks, as its requests say it."""

    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)


@dataclass
class World:
    """The application, who may ask it, and values by the names that the description gives them."""

    app: Flask
    runtime: Runtime
    machine: ApiCaller
    person: ApiCaller
    known: dict[str, list[Any]] = field(default_factory=dict)


@contextmanager
def described_world(filled: Filled, folder: Path) -> Iterator[World]:
    """A desk on SQLite with the demo's data, whose providers are the sandbox."""
    filled.copy_files(folder)
    url = f"sqlite:///{folder / FILE}"
    more = {"api_rate_limit": "1000000 per minute"}
    with sandbox() as world, desk_with(world, url, folder, **more) as runtime:
        _fill(runtime, world)
        app = create_app(runtime)
        app.testing = False
        yield World(app, runtime, _machine(runtime), _person(runtime, app), _known(runtime))


def _fill(runtime: Runtime, world: Sandbox) -> None:
    payments = [awaiting(runtime)[1] for _ in range(9)]
    for payment_id in payments[:6]:
        reference = begun(runtime, payment_id).reference
        if payment_id % 2:
            world.pay(reference)
    _review(runtime, world)
    with runtime.db.transaction() as session:
        session.execute(update(Payment).where(Payment.id == payments[-1]).values(status="failed", next_check_at=None))
        market = Market(session, runtime, at=clock.now())
        for number in range(3):
            _plan(market, number)
            _hold(market, number)
        for _ in range(10):
            api_tokens.create(session, name="old", scopes=["read"], expires_at=None, at=clock.now(), actor=SETUP)
            _debtor(market)
        _staged(market)
    for number in range(SOME):
        endpoint(runtime, f"https://shop.example/hook/{number}")
    happen(runtime, "escrow.released", "dispute.opened", "payment.failed")
    spread(runtime)
    _run(runtime, "process_payout_schedules")


def _review(runtime: Runtime, world: Sandbox) -> None:
    """Payments of which the provider says another amount."""
    doubtful = [begun(runtime, awaiting(runtime)[1]) for _ in range(6)]
    world.set_fault("verify", fault_modes.WRONG_AMOUNT)
    for payment in doubtful:
        world.pay(payment.reference)
        verify_payments.verify_now(runtime, payment.id, DIVINE)
    world.clear_faults()


def _plan(market: Market, number: int) -> None:
    session, at = market.session, market.at
    party = market.party("worker", wallet=10_000)
    to = NewDestination("NGN", "nuban", "058", f"00{party.id:08}", "Kofi Mensah")
    settings = market.runtime.settings
    payout_destinations.put(session, party.id, to, at=at - timedelta(days=2), actor=DIVINE, settings=settings)
    new = NewSchedule(f"plan-{number}", party.id, 1_000, "NGN", at + timedelta(days=number - 1), f"P-{number}")
    payout_schedules.create(session, new, at=at, actor=DIVINE)


def _hold(market: Market, number: int) -> None:
    buyer, seller = market.party("recruiter", wallet=10_000), market.party("worker")
    due = market.at + timedelta(days=number + 1)
    new = NewHold(f"h-{number}", f"P-{number}", buyer.id, seller.id, 2_000, "NGN", due)
    placement_holds.create(market.session, new, at=market.at, actor=DIVINE, settings=market.runtime.settings)


def _debtor(market: Market) -> None:
    debtor = market.party(DEBTOR, wallet=10_000)
    reference = f"debt-{debtor.id}"
    money.owe(market.session, debtor.id, 5_000, "NGN", reference=reference, at=market.at, actor=DIVINE)
    to = NewDestination("NGN", "nuban", "058", f"00{debtor.id:08}", "Kofi Mensah")
    settings = market.runtime.settings
    payout_destinations.put(market.session, debtor.id, to, at=market.at, actor=DIVINE, settings=settings)


def _staged(market: Market) -> None:
    dispute = market.dispute()
    for number in range(20):
        evidence.attach_text(
            market.session, dispute.id, side="desk", body=f"Note {number}.", at=market.at, actor=DIVINE
        )


def _run(runtime: Runtime, job: str) -> None:
    with runtime.db.transaction() as session:
        run = runs.trigger(session, job, actor=SETUP)
    run_here(runtime, run.id)


def _machine(runtime: Runtime) -> ApiCaller:
    how: ByActor = {"at": clock.now(), "actor": SETUP}
    with runtime.db.transaction() as session:
        made, secret = api_tokens.create(
            session, name="tester", scopes=list(SCOPES), expires_at=None, daily_limits={"NGN": 10**9}, **how
        )
        session.execute(update(ApiToken).where(ApiToken.id == made.id).values(id=FAR))
    return ApiCaller({"Authorization": f"Bearer {secret}"})


def _person(runtime: Runtime, app: Flask) -> ApiCaller:
    """A signed-in person, for what no token may do: the form's token, and the browser's cookies."""
    with runtime.db.transaction() as session:
        users.create(
            session,
            email=_PERSON,
            name="The tester",
            roles=["admin"],
            password=PASSWORD,
            at=clock.now(),
            actor=SETUP,
        )
    client = app.test_client()
    assert send(client, "/sign-in", email=_PERSON, password=PASSWORD).status_code == 303
    token = client.get("/").text.partition('name="csrf-token" content="')[2].partition('"')[0]
    cookies = {cookie.key: cookie.value for cookie in (client._cookies or {}).values()}
    return ApiCaller({"X-CSRFToken": token}, cookies)


def _known(runtime: Runtime) -> dict[str, list[Any]]:
    with runtime.db.reading() as session:

        def some(column: Any, *where: Any) -> list[Any]:
            return list(session.scalars(select(column).where(*where).order_by(column.desc()).limit(SOME)))

        hold, open_dispute = Escrow.policy == Policy.PLACEMENT, Dispute.status.not_in(CLOSED_DISPUTES)
        free = (Escrow.status == EscrowStatus.HELD, Escrow.freezes == 0)
        staged = Evidence.status == "staged"
        numbers = {
            "approval_id": some(Approval.id),
            "delivery_id": some(Delivery.id),
            "dispute_id": [*some(Dispute.id, open_dispute), *some(Evidence.dispute_id, staged), *some(Dispute.id)],
            "hold_id": [*some(Escrow.id, hold, *free), *some(Escrow.id, hold)],
            "escrow_id": [*some(Escrow.id, *free), *some(Escrow.id)],
            "order_id": [*some(Order.id, Order.status == OrderStatus.IN_PROGRESS), *some(Order.id)],
            "party_id": [*some(Party.id, Party.ref.startswith(DEBTOR)), *some(Party.id)],
            "payment_id": [*some(Payment.id, Payment.status == PaymentStatus.NEEDS_REVIEW), *some(Payment.id)],
            "run_id": [*some(Run.id, Run.failed > 0), *some(Run.id)],
            "destination_id": some(PayoutDestination.id, PayoutDestination.effective_at > clock.now()),
            "token_id": some(ApiToken.id, ApiToken.id < FAR),
            "transfer_id": some(Transfer.id),
            "endpoint_id": some(WebhookEndpoint.id),
            "evidence_id": some(Evidence.id, staged),
            "user_id": some(User.id),
        }
        words = {
            "placement": some(Escrow.placement, hold),
            "name": some(Schedule.job),
            "order": some(Order.ref, Order.status == OrderStatus.AWAITING_PAYMENT),
            "buyer": some(Party.ref),
            "seller": some(Party.ref),
        }
        return numbers | words | GOOD
