"""Many at once on PostgreSQL: nothing is paid twice, nothing is lost, and the loser is told why.

Each race is run once more with its guards taken away, to show that it would tell.
"""

import os
import time
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.races.together import Meeting, at_once, no_lock
from tests.support import money
from tests.support.market import AMINA, BOSCO, DIVINE, LATER, NOW, Market, all_books_agree, wallet
from webapp.domain.actors import job_actor
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.money.deduction import DeductionRule
from webapp.errors import Conflict
from webapp.models import Dispute, Escrow, Transfer
from webapp.runtime import Runtime
from webapp.services.approvals import executors
from webapp.services.disputes import disputes
from webapp.services.disputes import executors as dispute_executors
from webapp.services.disputes.disputes import NewDispute
from webapp.services.escrows import disbursement, disbursement_sql
from webapp.services.escrows import release as escrow_release
from webapp.services.ledger import integrity_checks
from webapp.services.parties import auto_deduct as party_auto_deduct
from webapp.services.parties import auto_deduct_mandates
from webapp.services.parties.auto_deduct_mandates import MandateTerms

pytestmark = [pytest.mark.races, pytest.mark.timeout(240)]

ROUNDS = int(os.environ.get("RACE_ROUNDS", "100"))
"""How often each race is run: more of them meet rarer orders of steps. The tests that take a guard away force one."""
JOB = job_actor("auto_release")
REFUND = DisputeResolution("refund_to_buyer", "evidence_for_buyer", "It never came.")
RELEASE = DisputeResolution("release_to_seller", "evidence_for_seller", "It came.")
UNIQUE_LEAVING = "DROP INDEX uq_transfer_disbursed_once"
UNIQUE_REFERENCE = "ALTER TABLE transfer DROP CONSTRAINT uq_transfer_reference"
ONE_A_DAY = "ALTER TABLE auto_deduction DROP CONSTRAINT pk_auto_deduction"


def unguarded(runtime: Runtime, *statements: str) -> None:
    with runtime.db.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def wrong(runtime: Runtime) -> list[str]:
    with runtime.db.reading() as session:
        return list(integrity_checks.checks(session))


# Two people deciding one dispute


def decide(runtime: Runtime, dispute: Dispute, resolution: DisputeResolution, actor: Any) -> Any:
    def attempt(session: Session) -> Any:
        settings = runtime.settings
        return disputes.resolve(
            session, dispute.id, resolution, version=dispute.version, at=NOW, actor=actor, settings=settings
        )

    return attempt


def disputed(runtime: Runtime, count: int) -> list[tuple[Dispute, Escrow]]:
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        market.limit(10**12)
        made = [market.escrow(10_000) for _ in range(count)]
        return [(market.dispute(escrow), escrow) for escrow in made]


def paid(runtime: Runtime, escrow: Escrow) -> tuple[int, int]:
    with runtime.db.reading() as session:
        return wallet(session, escrow.buyer_id), wallet(session, escrow.seller_id)


def test_of_two_people_deciding_at_once_one_decides(pg_runtime: Runtime) -> None:
    for dispute, escrow in disputed(pg_runtime, ROUNDS):
        resolutions = [decide(pg_runtime, dispute, REFUND, AMINA), decide(pg_runtime, dispute, RELEASE, BOSCO)]
        outcomes = at_once(pg_runtime, resolutions)

        told = [str(outcome) for outcome in outcomes if isinstance(outcome, Conflict)]
        assert len(told) == 1, outcomes
        assert "resolved this dispute on 02 March 2026 at 09:30" in told[0]
        assert sorted(paid(pg_runtime, escrow)) == [0, 10_000]
    all_books_agree(pg_runtime)


def without_guards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every guard of a decision but those of the database: locks, looks and conditional updates."""
    for module in (disbursement, executors, escrow_release):
        monkeypatch.setattr(module, "lock", no_lock)
    monkeypatch.setattr(dispute_executors, "close", lambda *_, **__: None)
    monkeypatch.setattr(escrow_release, "may_be_paid", lambda *_: [])
    monkeypatch.setattr(escrow_release, "_mark", lambda *_: None)
    monkeypatch.setattr(escrow_release, "_record", lambda *_: None)
    monkeypatch.setattr(disbursement, "require_free", Meeting().after(lambda *_: None))


def test_without_lock_and_constraint_two_deciders_pay_twice(
    pg_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    [(dispute, escrow)] = disputed(pg_runtime, 1)
    unguarded(pg_runtime, UNIQUE_LEAVING)
    without_guards(monkeypatch)

    at_once(pg_runtime, [decide(pg_runtime, dispute, REFUND, AMINA), decide(pg_runtime, dispute, RELEASE, BOSCO)])

    assert paid(pg_runtime, escrow) == (10_000, 10_000)
    assert any("leave" in sentence or "Pool" in sentence or "let it go" in sentence for sentence in wrong(pg_runtime))


def test_the_constraint_alone_stops_a_second_payment(pg_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    [(dispute, escrow)] = disputed(pg_runtime, 1)
    without_guards(monkeypatch)

    at_once(pg_runtime, [decide(pg_runtime, dispute, REFUND, AMINA), decide(pg_runtime, dispute, RELEASE, BOSCO)])

    assert sorted(paid(pg_runtime, escrow)) == [0, 10_000]


# A dispute that opens while the release runs


def release(escrow: Escrow) -> Any:
    return lambda session: escrow_release.release_all(
        session, [escrow.id], at=LATER, actor=JOB, reason="expired", due_by=LATER
    )


def claim(runtime: Runtime, escrow: Escrow) -> Any:
    new = NewDispute(escrow.id, "buyer", "late", "It is late.")
    return lambda session: disputes.open_dispute(session, new, at=NOW, actor=AMINA, settings=runtime.settings)


def held(runtime: Runtime, count: int) -> list[Escrow]:
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        return [market.escrow(10_000) for _ in range(count)]


def test_a_dispute_that_opens_during_the_release_wins_or_comes_too_late(pg_runtime: Runtime) -> None:
    ends: Counter[str] = Counter()
    for escrow in held(pg_runtime, ROUNDS):
        outcome, answer = at_once(pg_runtime, [release(escrow), claim(pg_runtime, escrow)])

        if isinstance(answer, Conflict):
            assert "only held money can be disputed" in str(answer)
            assert (outcome.done, paid(pg_runtime, escrow)) == (1, (0, 10_000))
        else:
            assert isinstance(answer, Dispute)
            assert (outcome.done, paid(pg_runtime, escrow)) == (0, (0, 0))
        ends[type(answer).__name__] += 1
    assert sum(ends.values()) == ROUNDS
    all_books_agree(pg_runtime)


def test_without_the_lock_a_disputed_escrow_is_paid(pg_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    [escrow] = held(pg_runtime, 1)
    meeting = Meeting()
    monkeypatch.setattr(escrow_release, "lock", no_lock)
    monkeypatch.setattr(escrow_release, "refusals", meeting.after(lambda *_, **__: []))
    monkeypatch.setattr(disputes, "_checked", meeting.after(disputes._checked))
    monkeypatch.setattr(disbursement_sql, "legs", _after_commit_of_the_other(disbursement_sql.legs))
    monkeypatch.setattr(escrow_release, "_mark", lambda *_: None)
    monkeypatch.setattr(escrow_release, "_record", lambda *_: None)

    outcome, answer = at_once(pg_runtime, [release(escrow), claim(pg_runtime, escrow)])

    assert isinstance(answer, Dispute)
    assert outcome.done == 1
    assert paid(pg_runtime, escrow) == (0, 10_000)


def test_the_conditional_update_alone_keeps_a_disputed_escrow(
    pg_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    [escrow] = held(pg_runtime, 1)
    meeting = Meeting()
    monkeypatch.setattr(escrow_release, "lock", no_lock)
    monkeypatch.setattr(escrow_release, "refusals", meeting.after(lambda *_, **__: []))
    monkeypatch.setattr(disputes, "_checked", meeting.after(disputes._checked))
    monkeypatch.setattr(disbursement_sql, "legs", _after_commit_of_the_other(disbursement_sql.legs))

    outcome, answer = at_once(pg_runtime, [release(escrow), claim(pg_runtime, escrow)])

    assert isinstance(answer, Dispute)
    assert isinstance(outcome, Conflict)
    assert paid(pg_runtime, escrow) == (0, 0)


def _after_commit_of_the_other(function: Any) -> Any:
    """Post late: the dispute has committed by then, as it may when nothing holds it back."""

    def late(*args: Any) -> Any:
        time.sleep(0.5)
        return function(*args)

    return late


# Two deductions from one wallet


def debtors(runtime: Runtime, count: int) -> list[tuple[int, int]]:
    made = []
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        for _ in range(count):
            party = market.party("debtor", wallet=1_000)
            money.owe(session, party.id, 2_000, "NGN", reference=f"debt-{party.id}", at=NOW, actor=DIVINE)
            order = MandateTerms(True, 50, None, 0)
            mandate = auto_deduct_mandates.change(session, party.id, "NGN", order, version=0, at=NOW, actor=AMINA)
            made.append((party.id, mandate.id))
    return made


def deduct(mandate: int) -> Any:
    return lambda session: party_auto_deduct.deduct_all(
        session, [mandate], at=NOW, actor=JOB, rule=DeductionRule("Africa/Nairobi")
    )


def repay(party: int, number: int) -> Any:
    return lambda session: money.repay(
        session, party, 700, "NGN", reference=f"repay-{party}-{number}", at=NOW, actor=DIVINE
    )


def repaid(runtime: Runtime, party: int) -> int:
    with runtime.db.reading() as session:
        return 1_000 - wallet(session, party)


def test_two_deductions_at_once_take_once(pg_runtime: Runtime) -> None:
    for party, mandate in debtors(pg_runtime, ROUNDS):
        outcomes = at_once(pg_runtime, [deduct(mandate), deduct(mandate)])

        assert sorted(outcome.done for outcome in outcomes) == [0, 1], outcomes
        assert {refused.sentence for outcome in outcomes for refused in outcome.refused} == {
            "It was taken already today."
        }
        assert repaid(pg_runtime, party) == 1_000
    all_books_agree(pg_runtime)


def test_a_deduction_and_repayments_at_once_never_overdraw(pg_runtime: Runtime) -> None:
    for party, mandate in debtors(pg_runtime, ROUNDS):
        at_once(pg_runtime, [deduct(mandate), repay(party, 1), repay(party, 2)])

        assert 0 < repaid(pg_runtime, party) <= 1_000
    all_books_agree(pg_runtime)


def rich_debtor(runtime: Runtime) -> int:
    [(party, mandate)] = debtors(runtime, 1)
    with runtime.db.transaction() as session:
        money.deposit(session, party, 9_000, "NGN", reference="more", at=NOW, actor=DIVINE)
    return mandate


def deductions_at_once(runtime: Runtime, mandate: int) -> tuple[list[Any], int]:
    outcomes = at_once(runtime, [deduct(mandate), deduct(mandate)])
    with runtime.db.reading() as session:
        taken = session.scalars(select(Transfer.id).where(Transfer.reference.like("auto-deduct-%"))).all()
    return outcomes, len(taken)


def test_the_row_of_the_day_alone_keeps_two_from_taking(pg_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    mandate = rich_debtor(pg_runtime)
    monkeypatch.setattr(party_auto_deduct, "lock", no_lock)
    monkeypatch.setattr(party_auto_deduct, "_judged", Meeting().after(party_auto_deduct._judged))

    outcomes, taken = deductions_at_once(pg_runtime, mandate)

    assert (sorted(outcome.done for outcome in outcomes), taken) == ([0, 1], 1)
    assert [each.sentence for outcome in outcomes for each in outcome.refused] == ["It was taken already today."]


def test_without_lock_and_row_of_the_day_it_takes_twice(pg_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    mandate = rich_debtor(pg_runtime)
    unguarded(pg_runtime, UNIQUE_REFERENCE, ONE_A_DAY)
    monkeypatch.setattr(party_auto_deduct, "lock", no_lock)
    monkeypatch.setattr(party_auto_deduct, "_judged", Meeting().after(party_auto_deduct._judged))

    assert deductions_at_once(pg_runtime, mandate)[1] == 2
