"""A discrepancy that a person accepted: exactly that one is none any more, and whatever it becomes is another."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.races.together import at_once
from tests.sandbox.conftest import Caller
from tests.services.reconciliation.conftest import send, trade
from tests.services.reconciliation.test_comparison import alerting
from tests.services.reconciliation.test_ledger_webhooks import move
from tests.support.arguments import ByActor
from tests.support.job_runs import run_job_now
from tests.support.market import AMINA, CHIKA, LATER, NOW, VIEWER, undone
from webapp.domain.actors import Actor
from webapp.domain.permissions import ROLES
from webapp.errors import Conflict, Invalid, NotAllowed, NotFound, Overtaken
from webapp.models import Audit, Discrepancy, MirrorAccount, Reconciliation
from webapp.runtime import Runtime
from webapp.sandbox.core.settings import SANDBOX_KEYS
from webapp.services.reconciliation import discrepancies, discrepancy_decisions
from webapp.services.reconciliation.comparison import DIFFERENT, MISSING_HERE, MISSING_THERE, Finding
from webapp.services.reconciliation.discrepancies import Compared

BOOK = "blnk-transfers"
STRANGER = Finding(MISSING_HERE, "by-hand", "Blnk moved 9 NGN under by-hand.", "NGN", None, 9)
WHY = "The bank's own correction; Efe at the bank confirmed it."


def balance(ours: int, theirs: int) -> Finding:
    return Finding(DIFFERENT, "account-7", "It is not the sum.", "NGN", ours, theirs, ("account", 7))


def compare(session: Session, *findings: Finding, source: str = BOOK, settled: tuple[str, ...] = ()) -> Compared:
    """One comparison that found these."""
    found = discrepancies.record(session, Compared(source, NOW, None, None, 5, findings, settled), None)
    discrepancies.alert(session, NOW)
    session.expire_all()
    return found


def accept(session: Session, one: Discrepancy, *, by: Actor = CHIKA, at: datetime = LATER) -> Discrepancy:
    return discrepancy_decisions.accept(session, one.id, WHY, seen=discrepancy_decisions.shown(one), actor=by, at=at)


def the_last(session: Session) -> Discrepancy:
    return session.scalars(select(Discrepancy).order_by(Discrepancy.id.desc()).limit(1)).one()


def test_what_was_accepted_is_found_again_and_is_none(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        compare(session, STRANGER)
        one = accept(session, the_last(session))
        session.flush()
        assert (one.accepted_by, one.accepted_at, one.accepted_reason) == (CHIKA.name, LATER, WHY)
        record = session.scalars(select(Audit).where(Audit.action == "discrepancy.accept")).one()
        assert (record.actor, record.reason, record.subject_id) == (CHIKA.key, WHY, one.id)
    assert alerting(runtime) == []
    with runtime.db.transaction() as session:
        discrepancies.note(session, BOOK, STRANGER, LATER)
        again = compare(session, STRANGER)
        assert (again.findings, again.counts, again.accepted) == ([], {}, 1)
        assert discrepancies.open_counts(session) == {}
        assert discrepancies.accepted_counts(session) == {BOOK: 1}
        last = session.scalars(select(Reconciliation).order_by(Reconciliation.id.desc()).limit(1)).one()
        assert (last.missing_here, last.accepted, last.compared) == (0, 1, 6)
        assert the_last(session).id == one.id
    assert alerting(runtime) == []


OTHERS = [
    Finding(MISSING_HERE, "by-hand-2", STRANGER.detail, "NGN", None, 9),
    Finding(MISSING_HERE, "by-hand", STRANGER.detail, "NGN", None, 10),
    Finding(MISSING_HERE, "by-hand", STRANGER.detail, "KES", None, 9),
    Finding(DIFFERENT, "by-hand", STRANGER.detail, "NGN", None, 9),
    Finding(MISSING_HERE, "by-hand", "It is succeeded there by now.", "NGN", None, 9),
]


@pytest.mark.parametrize("other", OTHERS)
def test_whatever_else_is_a_new_discrepancy_that_alerts(runtime: Runtime, other: Finding) -> None:
    with runtime.db.transaction() as session:
        compare(session, STRANGER)
        accepted = accept(session, the_last(session)).id
        found = compare(session, other)
        assert (len(found.findings), found.accepted, discrepancies.open_counts(session)) == (1, 0, {BOOK: 1})
        new = the_last(session)
        assert new.id != accepted
        assert new.accepted_at is None
    assert len(alerting(runtime)) == 1


def test_a_balance_is_accepted_by_how_much_it_differs(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        compare(session, balance(100, 109))
        one = accept(session, the_last(session))
        compare(session, balance(250, 259))
        assert discrepancies.open_counts(session) == {}
        assert (the_last(session).theirs, the_last(session).accepted_at) == (259, LATER)
        compare(session, balance(250, 260))
        assert discrepancies.open_counts(session) == {BOOK: 1}
        assert session.get_one(Discrepancy, one.id).resolved_at == NOW


def test_one_that_agrees_again_is_resolved_and_comes_as_a_new_one(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        compare(session, balance(100, 109))
        accept(session, the_last(session))
        compare(session, settled=("account-7",))
        assert discrepancies.accepted_counts(session) == {}
        compare(session, balance(100, 109))
        assert discrepancies.open_counts(session) == {BOOK: 1}


def test_the_alert_of_a_book_goes_on_about_the_others(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        compare(session, STRANGER, OTHERS[0])
        accept(session, session.scalars(select(Discrepancy).where(Discrepancy.reference == "by-hand")).one())
    [said] = alerting(runtime)
    assert "in 1 thing: by-hand-2." in said


def test_only_what_was_shown_is_accepted_by_who_may_with_a_reason(runtime: Runtime) -> None:
    assert [role for role, allowed in ROLES.items() if "book:accept" in allowed] == ["approver", "admin"]
    with runtime.db.transaction() as session:
        compare(session, balance(100, 109), Finding(MISSING_THERE, "t-1", "Blnk has no t-1.", subject=("transfer", 1)))
        lacking, one = (
            session.scalars(select(Discrepancy).where(Discrepancy.reference == reference)).one()
            for reference in ("t-1", "account-7")
        )
        seen = discrepancy_decisions.shown(one)
        more: ByActor = {"actor": CHIKA, "at": LATER}
        compare(session, balance(100, 110))
        refused: list[tuple[type[Exception], Callable[[], Any]]] = [
            (Overtaken, lambda: discrepancy_decisions.accept(session, one.id, WHY, seen=seen, **more)),
            (NotAllowed, lambda: accept(session, one, by=AMINA)),
            (NotAllowed, lambda: accept(session, one, by=VIEWER)),
            (Conflict, lambda: accept(session, lacking)),
            (NotFound, lambda: discrepancy_decisions.accept(session, 99, WHY, seen="", **more)),
            (Invalid, lambda: discrepancy_decisions.accept(session, one.id, " ", seen=seen, **more)),
        ]
        for refusal, action in refused:
            with undone(session), pytest.raises(refusal):
                action()
        assert discrepancies.open_counts(session) == {BOOK: 2}


@pytest.mark.parametrize(("kind", "may"), [(MISSING_HERE, True), (DIFFERENT, False), (MISSING_THERE, False)])
def test_of_a_provider_only_what_is_not_ours_is_accepted(runtime: Runtime, kind: str, may: bool) -> None:
    with runtime.db.transaction() as session:
        compare(session, Finding(kind, "pay-1", "They differ.", "NGN", 1, 2), source="paystack-payments")
        assert (discrepancy_decisions.disabled_reason(the_last(session)) == "") is may


def test_of_two_who_accept_at_once_one_does(pg_runtime: Runtime) -> None:
    with pg_runtime.db.transaction() as session:
        compare(session, STRANGER)
    refused = at_once(pg_runtime, [lambda session: accept(session, the_last(session))] * 2)
    assert sorted(type(each).__name__ for each in refused) == ["Discrepancy", "Overtaken"]
    with pg_runtime.db.reading() as session:
        assert len(session.scalars(select(Audit).where(Audit.action == "discrepancy.accept")).all()) == 1


def test_accepting_while_it_becomes_another_accepts_what_was_shown_or_nothing(pg_runtime: Runtime) -> None:
    """Whoever is first: in the end the new amount is open, and nobody accepted it."""
    for number in range(4):
        with pg_runtime.db.transaction() as session:
            compare(session, balance(100, 109 + number * 10))
            shown = the_last(session)
            seen = discrepancy_decisions.shown(shown)

        def accepting(session: Session, one: int = shown.id, seen: str = seen) -> Any:
            return discrepancy_decisions.accept(session, one, WHY, seen=seen, actor=CHIKA, at=LATER)

        now = balance(100, 110 + number * 10)

        def comparing(session: Session, now: Finding = now) -> Any:
            return compare(session, now)

        done = at_once(pg_runtime, [accepting, comparing])
        assert all(isinstance(each, Discrepancy | Compared | Overtaken) for each in done), done
        with pg_runtime.db.reading() as session:
            assert discrepancies.open_counts(session) == {BOOK: 1}
            assert (the_last(session).theirs, the_last(session).accepted_at) == (now.theirs, None)


def test_a_balance_that_somebody_changed_at_blnk_stays_accepted_while_it_moves(desk: Runtime, sandbox: Caller) -> None:
    trade(desk, 1)
    send(desk)
    changed = f"bln_{sandbox.control('store?kind=blnk.balance', method='GET')['blnk.balance'][0]['number']}"
    sandbox.control("blnk/adjust", {"balance": changed, "amount": 7})
    run_job_now(desk, "verify_books")
    with desk.db.transaction() as session:
        accept(session, the_last(session))
    assert alerting(desk) == []
    trade(desk, 2)
    send(desk)
    run_job_now(desk, "verify_books")
    assert alerting(desk) == []
    sandbox.control("blnk/adjust", {"balance": changed, "amount": 1})
    run_job_now(desk, "verify_books")
    assert len(alerting(desk)) == 1
    with desk.db.transaction() as session:
        accept(session, the_last(session))
    sandbox.control("blnk/adjust", {"balance": changed, "amount": -8})
    run_job_now(desk, "verify_books")
    with desk.db.reading() as session:
        assert discrepancies.accepted_counts(session) == {}, "they agree again"


def test_a_strangers_movement_stays_accepted_in_the_check_and_the_next_one_is_named(
    desk: Runtime, sandbox: Caller
) -> None:
    trade(desk, 1)
    send(desk)
    with desk.db.reading() as session:
        ours = session.scalars(select(MirrorAccount.balance_id).limit(1)).one()
    move(sandbox, "by-hand", "@World", ours)
    run_job_now(desk, "check_mirror")
    with desk.db.transaction() as session:
        accept(session, the_last(session))
    run_job_now(desk, "check_mirror")
    assert alerting(desk) == []
    move(sandbox, "by-hand-2", "@World", ours)
    run_job_now(desk, "check_mirror")
    [said] = alerting(desk)
    assert "in 1 thing: by-hand-2." in said
    with desk.db.reading() as session:
        last = session.scalars(select(Reconciliation).order_by(Reconciliation.id.desc()).limit(1)).one()
        assert (last.missing_here, last.accepted) == (1, 1)
    rows = sandbox.control("store?kind=blnk.transaction", method="GET")["blnk.transaction"]
    for row in rows:
        if row["key"].startswith("by-hand"):
            undo = sandbox(
                "POST",
                f"/blnk/refund-transaction/txn_{row['number']}",
                {"skip_queue": True},
                headers={"X-Blnk-Key": SANDBOX_KEYS["BLNK_API_KEY"]},
            )
            assert undo.status_code == 201
    run_job_now(desk, "check_mirror")
    with desk.db.reading() as session:
        assert (discrepancies.accepted_counts(session), discrepancies.open_counts(session)) == ({}, {}), (
            "refunded there"
        )


def test_one_that_was_accepted_between_the_look_and_the_writing_is_not_written_over(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        compare(session, STRANGER)
        accept(session, the_last(session))
        session.flush()
        discrepancies._note(session, BOOK, OTHERS[1], NOW, None)
        session.expire_all()
        assert the_last(session).theirs == STRANGER.theirs
