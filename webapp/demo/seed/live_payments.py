"""The demo set in motion: payments, payouts and messages that go through the sandbox while somebody looks.

What the sandbox collects is told by webhook for one payment only; the others wait for the job that asks.
"""

from dataclasses import dataclass
from datetime import timedelta

import requests
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.demo.seed.context import CHAIN, DEMO
from webapp.demo.seed.seed import is_seeded, refuse_in_production
from webapp.domain.states import AccountKind
from webapp.errors import Conflict
from webapp.jobs.engine.recovery import hand_over
from webapp.jobs.steps.start_checkout import begin
from webapp.models import Account, Party, Run, StoredSetting
from webapp.runtime import Runtime
from webapp.services.approvals import executors
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.parties.executors import PartyMoney
from webapp.services.payments import payments
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts.destinations import NewDestination
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.payouts.schedules.schedules import NewSchedule
from webapp.services.scheduling import runs
from webapp.services.webhooks import endpoints as webhook_endpoints
from webapp.services.webhooks.endpoints import NewEndpoint

MARKER = "demo_in_motion"
CURRENCY = "NGN"
_JOBS = ("check_pending_payments", "process_payout_schedules", "deliver_outbox")
_OLD = timedelta(hours=25)
_SECONDS = 10


@dataclass(frozen=True)
class PaymentStory:
    """One payment: its amount, how it ends at the provider, and whether that is told."""

    amount: int
    outcome: str
    sends_webhook: bool = False
    collected: int | None = None


_STORIES = (
    PaymentStory(1_250_000, "success"),
    PaymentStory(480_000, "success"),
    PaymentStory(3_600_000, "success", sends_webhook=True),
    PaymentStory(2_150_000, "success", collected=2_000_000),
    PaymentStory(900_000, "success", collected=950_000),
    PaymentStory(640_000, "failed"),
    PaymentStory(775_000, "abandoned"),
)
_PAYOUTS = (250_000, 410_000, 180_000)
_STALL = ("los-mama-nkechi", "Mama Nkechi's Stall", "+2348055501234")
"""Reached by SMS only."""


def start_live_payments(runtime: Runtime, sandbox: str) -> bool:
    """Begin checkouts, let the payers act, plan payouts, and start the jobs; False when that was done before."""
    refuse_in_production(runtime)
    with runtime.db.transaction() as session:
        if not is_seeded(session) or session.get(StoredSetting, MARKER) is not None:
            return False
        session.info["audit_chain"] = CHAIN
        session.add(StoredSetting(name=MARKER, value=True, changed_at=clock.now(), changed_by=DEMO.name))
        started = _orders(session, runtime)
        _plan_payouts(session, runtime)
        _listen(session, runtime, sandbox)
    for payment_id, story in started:
        reference = begin(runtime, payment_id, DEMO).reference
        _act(sandbox, reference or "", story)
    _start_jobs(runtime)
    return True


def _orders(session: Session, runtime: Runtime) -> list[tuple[int, PaymentStory]]:
    """Unpaid orders of a day ago, each with a payment that was begun then."""
    buyers, sellers = _traders(session)
    then, made = clock.now() - _OLD, []
    for number, story in enumerate(_STORIES):
        buyer, seller = buyers[number % len(buyers)], sellers[number % len(sellers)]
        new = NewOrder(f"LOS-LIVE-{number + 1:02}", buyer, seller, story.amount, CURRENCY)
        order = orders.create(session, new, at=then, actor=DEMO, settings=runtime.settings)
        payment = payments.create(session, order.id, "paystack", at=then, actor=DEMO, settings=runtime.settings)
        made.append((payment.id, story))
    return made


def _traders(session: Session) -> tuple[list[int], list[int]]:
    """Some parties of the market, by the order in which they were added: sellers first."""
    mine = select(Party.id).where(Party.demo, Party.ref.like("los-%"), Party.email.is_not(None)).order_by(Party.id)
    found = list(session.scalars(mine))
    middle = len(found) // 2
    return found[middle:], found[:middle]


def _plan_payouts(session: Session, runtime: Runtime) -> None:
    """Payouts that are due to those whose wallets cover them, one in a week, and one under guarantee."""
    now, soon = clock.now(), clock.now() + timedelta(days=7)
    owners = [*_covered(session), _stall(session, runtime)]
    for number, party_id in enumerate(owners):
        to = NewDestination(CURRENCY, "nuban", "058", f"00{party_id:08}", f"Account of party {party_id}")
        long_ago = now - timedelta(hours=runtime.settings.payout_destination_wait_hours)
        payout_destinations.put(session, party_id, to, at=long_ago, actor=DEMO, settings=runtime.settings)
        amount = _PAYOUTS[number % len(_PAYOUTS)]
        due = NewSchedule(f"LOS-PAYOUT-{number + 1:02}", party_id, amount, CURRENCY, now, f"PL-{number + 1:03}")
        payout_schedules.create(session, due, at=now, actor=DEMO)
    later = NewSchedule("LOS-PAYOUT-LATER", owners[0], 99_000, CURRENCY, soon, "PL-001")
    guarded = NewSchedule("LOS-PAYOUT-GUARDED", owners[0], 75_000, CURRENCY, now, "PL-001", soon)
    for each in (later, guarded):
        payout_schedules.create(session, each, at=now, actor=DEMO)


def _covered(session: Session) -> list[int]:
    wallets = select(Account.party_id).join(Party, Party.id == Account.party_id)
    rich = (Account.kind == AccountKind.WALLET, Account.currency == CURRENCY, Account.balance >= 2 * max(_PAYOUTS))
    found = session.scalars(wallets.where(Party.demo, *rich).order_by(Account.party_id).limit(len(_PAYOUTS)))
    return [party_id for party_id in found if party_id is not None]


def _stall(session: Session, runtime: Runtime) -> int:
    """A small payee with a phone and no email, whose wallet holds what one payout takes."""
    ref, name, phone = _STALL
    now = clock.now()
    values = {"ref": ref, "name": name, "phone": phone, "demo": True, "verified_at": now, "created_at": now}
    party_id: int = session.scalars(insert(Party).values(**values).returning(Party.id)).one()
    buyers, _sellers = _traders(session)
    new = NewOrder("LOS-LIVE-STALL", buyers[0], party_id, 900_000, CURRENCY, terms="paid", policy="completion")
    came = PartyMoney(amount=900_000, currency=CURRENCY, reference=f"{ref}-deposit", reason="Takings of the stall.")
    executors.compute(session, "party.deposit", party_id, came, at=now, actor=DEMO, locked=True).post()
    orders.create(session, new, at=now, actor=DEMO, settings=runtime.settings)
    return party_id


def _listen(session: Session, runtime: Runtime, sandbox: str) -> None:
    """The sandbox wants to be told of everything."""
    new = NewEndpoint(f"{sandbox}/hooks/demo", "The sandbox's own receiver", ["*"])
    webhook_endpoints.create(session, new, at=clock.now(), actor=DEMO, settings=runtime.settings)


def _act(sandbox: str, reference: str, story: PaymentStory) -> None:
    """What the payer does."""
    if story.outcome == "abandoned":
        return
    body = {"outcome": story.outcome, "webhook": story.sends_webhook, "amount": story.collected}
    address = f"{sandbox}/control/pay/paystack/{reference}"
    requests.post(address, json=body, timeout=_SECONDS).raise_for_status()


def _start_jobs(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        session.info["audit_chain"] = CHAIN
        started = [run for run in (_started(session, job) for job in _JOBS) if run is not None]
        for run in started:
            run.demo = True
    hand_over(runtime, [run.id for run in started])


def _started(session: Session, job: str) -> Run | None:
    """A run, unless the clock has started one at this moment."""
    try:
        with session.begin_nested():
            return runs.trigger(session, job, actor=DEMO)
    except Conflict:
        return None
