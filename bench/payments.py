"""check_pending_payments, against asking about one payment after the other."""

from sqlalchemy import text

from bench.asking import Asking, measure
from bench.outside import Outside
from bench.seed import AMOUNT, CURRENCY, parties
from bench.table import Ratios, show
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.jobs.steps import verify_payments
from webapp.models import Payment
from webapp.runtime import Runtime
from webapp.services.payments import payments
from webapp.services.payments import settlement as payment_settlement

JOB = "check_pending_payments"
_STATEMENTS = (
    """
    INSERT INTO purchase_order (ref, buyer_id, seller_id, status, amount, currency, on_credit, created_at)
    SELECT :prefix || '-' || n, :buyer, (CAST(:sellers AS bigint[]))[1 + n % :several], 'awaiting_payment', :amount,
        :currency, false, :at
    FROM generate_series(0, :count - 1) n
    """,
    """
    INSERT INTO escrow (ref, order_id, buyer_id, seller_id, policy, status, currency, amount, fee, hold_no, freezes,
        created_at, version)
    SELECT ref, id, buyer_id, seller_id, 'deadline', 'pending_payment', currency, amount, 0, 1, 0, :at, 1
    FROM purchase_order WHERE ref LIKE :prefix || '-%'
    """,
    """
    INSERT INTO payment (order_id, provider, reference, status, amount, currency, created_at, next_check_at)
    SELECT id, 'paystack', ref, 'pending', amount, currency, :at, :at
    FROM purchase_order WHERE ref LIKE :prefix || '-%'
    """,
)


def run() -> Ratios:
    """The ratios."""
    return measure(Asking("payments", JOB, make, one_by_one, Payment.status == "succeeded"))


def make(runtime: Runtime, provider: Outside, count: int, prefix: str) -> None:
    """Pending payments that are due, paid at the provider, and nobody told us."""
    at = clock.now()
    with runtime.db.transaction() as session:
        buyer, sellers = parties(session, at)
        values = {"prefix": prefix, "count": count, "amount": AMOUNT, "currency": CURRENCY, "at": at}
        values |= {"buyer": buyer, "sellers": sellers, "several": len(sellers)}
        for statement in _STATEMENTS:
            session.execute(text(statement), {name: each for name, each in values.items() if f":{name}" in statement})
    filled = {"provider": "paystack", "prefix": f"{prefix}-", "amount": AMOUNT, "currency": CURRENCY}
    provider.control("fill", filled | {"count": count})


def one_by_one(desk: Runtime, count: int) -> None:
    """Ask about one, settle it in a transaction of its own, then the next."""
    at, actor = clock.now(), job_actor(JOB)
    with desk.db.transaction() as session:
        asked = payments.claim_due(session, at, count, verify_payments.LEASE, ["paystack"])
    for each in asked:
        word = verify_payments.fetch(desk, each)
        with desk.db.transaction() as session:
            payment_settlement.settle_all(session, {each.id: word}, at=at, actor=actor, settings=desk.settings)


if __name__ == "__main__":
    show(run())
