"""The switch against money under way, on PostgreSQL: whatever is paid was committed before the switch was."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.races.together import Meeting, at_once
from tests.support.market import DIVINE, LATER, NOW, Market, all_books_agree
from webapp.domain.actors import job_actor
from webapp.errors import Conflict
from webapp.models import Audit, AuditSeal, Escrow
from webapp.runtime import Runtime
from webapp.services.common import kill_switch
from webapp.services.escrows import release as escrow_release

pytestmark = [pytest.mark.races, pytest.mark.timeout(120)]

ROUNDS = 50
JOB = job_actor("auto_release")


def held(runtime: Runtime, count: int) -> list[Escrow]:
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        return [market.escrow(10_000) for _ in range(count)]


def release(escrow: Escrow) -> Any:
    return lambda session: escrow_release.release_all(session, [escrow.id], at=LATER, actor=JOB, reason="expired")


def switch_off(session: Session) -> str:
    kill_switch.stop(session, "Fraud wave.", at=NOW, actor=DIVINE)
    return "stopped"


def flow_again(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        kill_switch.resume(session, "It is over.", at=NOW, actor=DIVINE)


def sealed(runtime: Runtime, action: str) -> int:
    """The place of its newest record in the audit chain, whose order is the order of commits."""
    newest = (
        select(AuditSeal.seq)
        .join(Audit, Audit.batch == AuditSeal.batch)
        .where(Audit.action == action)
        .order_by(AuditSeal.seq.desc())
        .limit(1)
    )
    with runtime.db.reading() as session:
        return session.scalars(newest).one()


def test_what_is_paid_was_paid_before_the_switch_and_the_rest_is_refused(pg_runtime: Runtime) -> None:
    for escrow in held(pg_runtime, ROUNDS):
        outcome, answer = at_once(pg_runtime, [release(escrow), switch_off])

        assert answer == "stopped"
        if isinstance(outcome, Conflict):
            assert "Outgoing money is stopped by Divine" in str(outcome)
        else:
            assert outcome.done == 1, outcome
            assert sealed(pg_runtime, "escrow.release") < sealed(pg_runtime, "money.stop")
        flow_again(pg_runtime)
    all_books_agree(pg_runtime)


def cross(runtime: Runtime, monkeypatch: pytest.MonkeyPatch, check: Callable[[Session], Any]) -> tuple[int, int]:
    """Switch off between the release's look at the switch and its entries; the places of both in the chain."""
    [escrow] = held(runtime, 1)
    looked = Meeting()
    meet = looked.after(lambda _session: None)

    def dawdle(session: Session) -> None:
        check(session)
        meet(session)
        time.sleep(0.5)

    def off_once_it_looked(session: Session) -> str:
        meet(session)
        return switch_off(session)

    monkeypatch.setattr(escrow_release, "ensure_outgoing_enabled", dawdle)
    outcome, answer = at_once(runtime, [release(escrow), off_once_it_looked])
    assert (outcome.done, answer) == (1, "stopped")
    return sealed(runtime, "escrow.release"), sealed(runtime, "money.stop")


def test_the_switch_waits_for_money_under_way(pg_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    paid, stopped = cross(pg_runtime, monkeypatch, kill_switch.ensure_outgoing_enabled)
    assert paid < stopped


def test_without_the_shared_lock_money_leaves_after_the_switch(
    pg_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid, stopped = cross(pg_runtime, monkeypatch, kill_switch.stopped)
    assert paid > stopped
