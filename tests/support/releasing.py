"""What tests of releases share: escrows that are due, and a job that releases them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import func, select

from tests.support.declared_jobs import NOON, OPERATOR
from webapp.domain.states import AccountKind, EscrowStatus, Policy, TransferKind
from webapp.jobs.engine.work import Work
from webapp.jobs.run_job import run_job
from webapp.models import Escrow, Order, Party, Run, Transfer
from webapp.runtime import Runtime
from webapp.services.common.batch_result import Outcome
from webapp.services.escrows import due as escrow_due
from webapp.services.escrows import release as escrow_release
from webapp.services.escrows import release_preview
from webapp.services.ledger import accounts
from webapp.services.ledger import posting as ledger_posting
from webapp.services.scheduling import runs


def seed(runtime: Runtime, count: int, *, amount: int = 1_000, fee: int = 10) -> None:
    """Held escrows that are due; every tenth seller has no wallet."""
    at = NOON - timedelta(days=9)
    with runtime.db.transaction() as session:
        parties = [Party(ref=f"p{i}", name=f"P{i}", created_at=at) for i in range(11)]
        session.add_all(parties)
        session.flush()
        pool = accounts.pool(session, AccountKind.ESCROW, "NGN", at=at)
        accounts.pool(session, AccountKind.FEES, "NGN", at=at)
        source = accounts.pool(session, AccountKind.CLEARING, "NGN", at=at, owner="import")
        for party in parties[1:10]:
            accounts.open_account(session, AccountKind.WALLET, party.id, "NGN", at=at)
        for i in range(count):
            seller = parties[1 + i % 10].id
            order = Order(
                ref=f"o{i}",
                buyer_id=parties[0].id,
                seller_id=seller,
                status="in_progress",
                amount=amount,
                currency="NGN",
                created_at=at,
            )
            session.add(order)
            session.flush()
            session.add(
                Escrow(
                    ref=f"e{i}",
                    order_id=order.id,
                    buyer_id=parties[0].id,
                    seller_id=seller,
                    policy="deadline",
                    status="held",
                    currency="NGN",
                    amount=amount,
                    fee=fee,
                    held_account_id=pool,
                    created_at=at,
                    release_at=at + timedelta(minutes=i // 3),
                )
            )
        legs = [(source, -amount * count), (pool, amount * count)]
        ledger_posting.post(session, reference="seed", kind=TransferKind.DEPOSIT, currency="NGN", legs=legs, at=at)


def release(work: Work, at: datetime, action: Callable[..., Outcome] = escrow_release.release_all) -> None:
    due = escrow_due.due(policy=Policy.DEADLINE, at=at)
    act = partial(action, reason="expired", due_by=at)
    work.in_chunks(due, act, dry=partial(release_preview.preview_all, due_by=at))


def asked(runtime: Runtime, job: str, *, dry_run: bool = False, at: datetime | None = None) -> Run:
    with runtime.db.transaction() as session:
        return runs.trigger(session, job, actor=OPERATOR, dry_run=dry_run, at=at)


def go(runtime: Runtime, job: str, *, dry_run: bool = False, at: datetime | None = None) -> Run:
    run = asked(runtime, job, dry_run=dry_run, at=at)
    run_job(runtime, run.id)
    with runtime.db.reading() as session:
        return runs.get(session, run.id)


def released(runtime: Runtime) -> int:
    with runtime.db.reading() as session:
        return session.scalars(select(func.count()).where(Escrow.status == EscrowStatus.RELEASED)).one()


def paid(runtime: Runtime) -> int:
    with runtime.db.reading() as session:
        return session.scalars(select(func.count()).select_from(Transfer).where(Transfer.kind == "release")).one()
