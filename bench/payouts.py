"""process_payout_schedules, against writing, sending and settling one payout after the other."""

from datetime import timedelta

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from bench.asking import Asking, measure
from bench.outside import Outside
from bench.seed import AMOUNT, CURRENCY, parties
from bench.table import Ratios, show
from webapp import clock
from webapp.domain.actors import Actor, job_actor
from webapp.domain.permissions import ALL_PERMISSIONS
from webapp.jobs.steps import send_payouts
from webapp.models import Payout
from webapp.providers.http.leases import EffectLease
from webapp.runtime import Runtime
from webapp.services.approvals import executors
from webapp.services.parties.executors import PartyMoney
from webapp.services.payouts import creation as payout_creation
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts import payouts
from webapp.services.payouts import settlement as payout_settlement
from webapp.services.payouts.destinations import NewDestination
from webapp.services.payouts.schedules import schedules as payout_schedules

JOB = "process_payout_schedules"
_KNOWN = ["paystack"]
_MAKER = Actor("cli", None, "bench", ALL_PERMISSIONS)
_SCHEDULES = """
INSERT INTO payout_schedule
    (ref, party_id, currency, amount, due_at, status, retry_count, created_at, created_by, version)
SELECT :prefix || '-' || n, (CAST(:payees AS bigint[]))[1 + n % :several], :currency, :amount, :at, 'pending', 0, :at,
    'bench', 1
FROM generate_series(0, :count - 1) n
"""


def run() -> Ratios:
    """The ratios."""
    return measure(Asking("payouts", JOB, make, one_by_one, Payout.status == "sent"))


def make(runtime: Runtime, provider: Outside, count: int, prefix: str) -> None:
    """Schedules that are due, of payees whose wallets cover them; what was sent before is asked about tomorrow."""
    at = clock.now()
    with runtime.db.transaction() as session:
        session.execute(update(Payout).where(Payout.status == "sent").values(next_try_at=at + timedelta(days=1)))
        payees = _payees(session, runtime, -(-count // 200) * AMOUNT, prefix)
        values = {"prefix": prefix, "count": count, "payees": payees, "several": len(payees)}
        session.execute(text(_SCHEDULES), values | {"currency": CURRENCY, "amount": AMOUNT, "at": at})


def _payees(session: Session, runtime: Runtime, each: int, prefix: str) -> list[int]:
    at = clock.now()
    _, payees = parties(session, at)
    for payee in payees:
        if not payout_destinations.in_use(session, payee):
            to = NewDestination(CURRENCY, "nuban", "058", f"{payee:010}", f"Payee {payee}")
            long_ago = at - timedelta(hours=runtime.settings.payout_destination_wait_hours)
            payout_destinations.put(session, payee, to, at=long_ago, actor=_MAKER, settings=runtime.settings)
        reference = f"{prefix}-{payee}"
        came = PartyMoney(amount=each, currency=CURRENCY, reference=reference, reason="For the benchmark.")
        executors.compute(session, "party.deposit", payee, came, at=at, actor=_MAKER, locked=True).post()
    return payees


def one_by_one(desk: Runtime, count: int) -> None:
    """Write one, send it, settle it in a transaction of its own, then the next."""
    at, actor, routes = clock.now(), job_actor(JOB), desk.providers.payout_routes
    with desk.db.reading() as session:
        due = [row.id for row in session.execute(payout_schedules.due(at, None).after(None, count))]
    for schedule in due:
        with desk.db.transaction() as session:
            payout_creation.create_all(session, [schedule], at=at, actor=actor, routes=routes)
            [taken] = payouts.claim_due(session, at, 1, send_payouts.LEASE, _KNOWN)
        with EffectLease(send_payouts.LEASE).held():
            answer = send_payouts.send(desk, taken)
        with desk.db.transaction() as session:
            payout_settlement.settle_all(session, {taken.id: answer}, at=clock.now(), actor=actor)


if __name__ == "__main__":
    show(run())
