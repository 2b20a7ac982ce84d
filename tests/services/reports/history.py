"""A generated past: money in several currencies that came, went, was split and taken back, and what else there is."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support import money
from tests.support.arguments import ByLockedActor
from tests.support.market import AMINA, Market
from webapp.domain.money.money import Money
from webapp.domain.money.shares import divide
from webapp.models import Alert, Discrepancy, Dispute, Escrow, Reconciliation, Run, Transfer
from webapp.runtime import Runtime
from webapp.services.approvals import executors
from webapp.services.escrows import release

FIRST, DAYS = datetime(2026, 2, 1, tzinfo=UTC), 300
EDGES = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),  # Europe goes to summer time
    datetime(2026, 10, 25, 1, tzinfo=UTC),  # and back
    datetime(2026, 3, 1, tzinfo=UTC),
    datetime(2026, 3, 1, tzinfo=UTC) - timedelta(microseconds=1),
    datetime(2026, 11, 1, tzinfo=UTC),
]
MOVER = AMINA.entrusted_with("money:move")
_CURRENCIES = ("NGN", "RWF", "USD")


class History:
    """What happened, at instants of which many are midnights and the last moments before them."""

    def __init__(self, session: Session, runtime: Runtime, seed: int) -> None:
        self.random = random.Random(seed)
        self.session, self.runtime = session, runtime
        self.market = Market(session, runtime, at=FIRST - timedelta(days=40))
        self.parties = {name: [self.market.party(currency=name) for _ in range(2)] for name in _CURRENCIES}

    def instant(self, after: datetime = FIRST) -> datetime:
        """Some instant of these days, not before another."""
        chosen = after + timedelta(seconds=self.random.randrange(max(1, DAYS * 86_400 - self._seconds(after))))
        midnight = chosen.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        kind = self.random.randrange(4)
        if kind == 0 and EDGES[0] > after:
            return self.random.choice([edge for edge in EDGES if edge > after])
        return [chosen, chosen, midnight, midnight - timedelta(microseconds=1)][kind]

    def money(self, orders: int) -> None:
        """So many orders, each with its own end."""
        for number in range(orders):
            currency = self.random.choice(_CURRENCIES)
            amount = self.random.randrange(1_000, 90_000)
            self.market.at = at = self.instant()
            policy = "buffer" if number % 7 == 3 else "deadline"
            seller = self.random.choice(self.parties[currency])
            escrow = self.market.escrow(amount, fee=amount // 20, currency=currency, seller=seller, policy=policy)
            self._end(escrow, number % 6, at)
        self.session.flush()

    def _end(self, escrow: Escrow, how: int, held: datetime) -> None:
        at = self.instant(held)
        if how == 0:
            return
        if how in (1, 5):
            release.release_all(self.session, [escrow.id], at=at, actor=MOVER, reason="due")
        else:
            whole = Money(escrow.amount, escrow.currency)
            parts = divide(whole, escrow.fee, 0 if how == 2 else self.random.randrange(1, escrow.amount - escrow.fee))
            money.divide(self.session, escrow.id, parts, at=at, actor=MOVER)
        self.session.expire_all()
        if how in (4, 5):
            self._reverse(escrow, at)

    def _reverse(self, escrow: Escrow, left: datetime) -> None:
        out = select(Transfer.id).where(Transfer.escrow_id == escrow.id, Transfer.is_disbursement)
        said: dict[str, Any] = {"reason": "Wrong.", "to_debt": True}
        decision = executors.find("transfer.reverse").payload(**said)
        number = self.session.scalars(out).one()
        how: ByLockedActor = {"at": self.instant(left), "actor": MOVER, "locked": True}
        executors.compute(self.session, "transfer.reverse", number, decision, **how).post()
        self.session.expire_all()

    def operations(self) -> None:
        """Disputes, runs, alerts and comparisons."""
        escrows = self.session.scalars(select(Escrow.id).order_by(Escrow.id)).all()
        self.session.add_all(self._dispute(number, escrow) for number, escrow in enumerate(escrows))
        self.session.add_all(self._run(number) for number in range(80))
        self.session.add_all(self._alert(number) for number in range(40))
        self.session.add_all(self._discrepancy(number) for number in range(40))
        self.session.add_all(
            Reconciliation(source="paystack", at=self.instant(), matched=number, different=number % 3, accepted=1)
            for number in range(40)
        )
        self.session.flush()

    def _dispute(self, number: int, escrow: int) -> Dispute:
        opened = self.instant()
        found = Dispute(
            ref=f"d-{number}", escrow_id=escrow, kind="warranty_claim" if number % 5 == 0 else "dispute",
            claimant="buyer", reason_code="not_delivered", claim="Nothing came.", status="opened", opened_at=opened,
            due_at=opened + timedelta(days=3),
        )  # fmt: skip
        if number % 4:
            found.status = "withdrawn" if number % 4 == 1 else "resolved"
            found.resolution = None if number % 4 == 1 else self.random.choice(["split", "refund_to_buyer"])
            found.resolved_at = self.instant(opened)
        return found

    def _run(self, number: int) -> Run:
        at = self.instant()
        status = self.random.choice(["succeeded", "failed", "partial", "skipped", "lost", "missed", "running"])
        run = Run(
            job=self.random.choice(["auto_release", "watch"]), at=at, slot=at + timedelta(microseconds=number),
            trigger="schedule", by="job", by_name="job", dry_run=number % 9 == 0, status=status, created_at=at,
            started_at=None if status == "missed" else at + timedelta(seconds=number),
        )  # fmt: skip
        if status == "missed":
            run.job, run.slot, run.missed_to = "auto_release", at, at + timedelta(days=self.random.randrange(9))
        if status == "running":
            run.dry_run = True  # Only one of a job runs at a time.
        return run

    def _alert(self, number: int) -> Alert:
        fired = self.instant()
        over = None if number % 3 == 0 else self.instant(fired)
        return Alert(
            rule=self.random.choice(["run_failed", "dead_letters"]), subject=f"thing {number}", severity="warn",
            status="firing" if over is None else "resolved", sentence="It is so.", fired_at=fired, seen_at=fired,
            resolved_at=over,
        )  # fmt: skip

    def _discrepancy(self, number: int) -> Discrepancy:
        seen = self.instant()
        return Discrepancy(
            source=self.random.choice(["paystack", "blnk"]), kind="different", reference=f"r-{number}", detail="So.",
            first_seen_at=seen, last_seen_at=seen, resolved_at=self.instant(seen) if number % 2 else None,
        )  # fmt: skip

    def _seconds(self, after: datetime) -> int:
        return int((after - FIRST).total_seconds())
