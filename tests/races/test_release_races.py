"""The other release jobs against each other, and against decisions and claims, on PostgreSQL."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.races.together import Attempt, at_once
from tests.support.arguments import ByActor
from tests.support.market import AMINA, DIVINE, NOW, Market, all_books_agree, wallet
from webapp.domain.actors import job_actor
from webapp.domain.escrow_policies import JOBS, REASONS
from webapp.domain.states import Policy
from webapp.models import Escrow
from webapp.runtime import Runtime
from webapp.services.approvals import escrow_decisions
from webapp.services.disputes import disputes
from webapp.services.disputes.disputes import NewDispute
from webapp.services.escrows import release as escrow_release
from webapp.services.orders import orders

pytestmark = [pytest.mark.races, pytest.mark.timeout(240)]

ROUNDS = 60
DUE = NOW + timedelta(days=30)


def release(escrow: Escrow, policy: Policy, at: datetime = DUE) -> Attempt:
    how: ByActor = {"at": at, "actor": job_actor(JOBS[policy])}
    return lambda session: (
        escrow_release.release_all(session, [escrow.id], reason=REASONS[policy], due_by=at, policy=policy, **how).done
    )


def due_ones(runtime: Runtime, policy: Policy) -> list[Escrow]:
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        market.limit(10**12)
        release_at = NOW + timedelta(days=1) if policy == Policy.PLACEMENT else None
        made = [market.escrow(1_000, fee=10, policy=policy, release_at=release_at) for _ in range(ROUNDS)]
        for escrow in made:
            if policy != Policy.PLACEMENT:
                orders.complete(session, escrow.order_id, at=NOW, actor=DIVINE, settings=runtime.settings)
        for escrow in made:
            session.refresh(escrow)
        return made


@pytest.mark.parametrize("policy", [Policy.COMPLETION, Policy.BUFFER, Policy.PLACEMENT])
def test_of_two_runs_at_once_one_pays(pg_runtime: Runtime, policy: Policy) -> None:
    for escrow in due_ones(pg_runtime, policy):
        assert sorted(at_once(pg_runtime, [release(escrow, policy)] * 2)) == [0, 1]
        with pg_runtime.db.reading() as session:
            assert wallet(session, escrow.seller_id) == 990
    all_books_agree(pg_runtime)


def claim(runtime: Runtime, escrow: Escrow) -> Attempt:
    def attempt(session: Session) -> Any:
        new = NewDispute(escrow.id, "buyer", "quality", "It leaks.", "warranty_claim")
        return disputes.open_dispute(session, new, at=DUE, actor=AMINA, settings=runtime.settings)

    return attempt


def test_a_claim_and_the_end_of_the_buffer_at_once_never_both_happen(pg_runtime: Runtime) -> None:
    for escrow in due_ones(pg_runtime, Policy.BUFFER):
        at_once(pg_runtime, [release(escrow, Policy.BUFFER), claim(pg_runtime, escrow)])
        with pg_runtime.db.reading() as session:
            after = escrow_decisions.get(session, escrow.id)
            assert (after.status, after.freezes) in (("released", 0), ("held", 1))
    all_books_agree(pg_runtime)
