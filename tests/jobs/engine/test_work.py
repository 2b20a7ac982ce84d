"""Chunks: a bad item stays alone, a lost run stops, a dry run moves nothing."""

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests.faults.desk import until
from tests.support.declared_jobs import NOON, OPERATOR, Declare, planned, runs_of
from tests.support.releasing import asked, go, paid, release, released, seed
from webapp import clock
from webapp.domain.states import RunStatus
from webapp.errors import Conflict
from webapp.jobs.engine import chunks
from webapp.jobs.engine.work import NotConfigured, Work
from webapp.jobs.run_job import run_job
from webapp.models import Alert, Escrow, RunLine
from webapp.runtime import Runtime
from webapp.services.common import kill_switch
from webapp.services.common.batch_result import Outcome
from webapp.services.escrows import release as escrow_release
from webapp.services.scheduling import orphaned_runs, run_progress, runs, schedules

LEASE = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 8)


def test_everything_due_is_paid_once_and_who_has_no_wallet_is_named(runtime: Runtime, declare: Declare) -> None:
    seed(runtime, 40)
    planned(runtime, declare("pay", release), NOON)

    first, second = go(runtime, "pay"), go(runtime, "pay")

    assert (first.status, first.succeeded, first.skipped, first.failed, first.total) == ("succeeded", 36, 4, 0, 40)
    assert first.amounts == {"NGN": 36_000}
    assert (second.succeeded, second.skipped) == (0, 4)
    assert paid(runtime) == released(runtime) == 36


def test_a_dry_run_says_the_same_sums_and_moves_nothing(runtime: Runtime, declare: Declare) -> None:
    seed(runtime, 40)
    planned(runtime, declare("pay", release), NOON)

    dry = go(runtime, "pay", dry_run=True)
    assert (released(runtime), paid(runtime)) == (0, 0)
    real = go(runtime, "pay")

    assert (dry.succeeded, dry.skipped, dry.amounts) == (real.succeeded, real.skipped, real.amounts)
    with runtime.db.reading() as session:
        assert session.scalars(select(func.count()).where(Escrow.blocked.is_not(None))).one() == 4


def test_one_bad_item_is_left_alone_and_named_and_retried_by_itself(runtime: Runtime, declare: Declare) -> None:
    seed(runtime, 40)
    bad = {"id": 13}

    def poisoned(session: Session, ids: Sequence[int], **how: Any) -> Outcome:
        if bad["id"] in ids:
            raise ZeroDivisionError("this one is bad")
        return escrow_release.release_all(session, ids, **how)

    planned(runtime, declare("pay", partial(release, action=poisoned)), NOON)
    first = go(runtime, "pay")
    assert (first.status, first.succeeded, first.failed, first.skipped) == (RunStatus.PARTIAL, 35, 1, 4)
    with runtime.db.reading() as session:
        (item,) = runs.items(session, first.id, outcome="failed")
    assert (item.subject_id, item.message) == (13, "ZeroDivisionError: this one is bad")

    bad["id"] = 0
    with runtime.db.transaction() as session:
        again = runs.retry(session, first.id, actor=OPERATOR)
    run_job(runtime, again.id)

    last = runs_of(runtime, "pay")[-1]
    assert (last.trigger, last.parent_id, last.processed, last.succeeded) == ("retry", first.id, 1, 1)
    assert paid(runtime) == 36


def test_how_many_are_due_is_counted_while_nothing_is_locked(runtime: Runtime, declare: Declare) -> None:
    """On SQLite everybody who writes waited for that count: half a million rows take a tenth of a second."""
    seed(runtime, 40)
    planned(runtime, declare("pay", release), NOON)
    transactions: dict[Connection, list[str]] = {}

    def asked_for(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        transactions.setdefault(connection, []).append(statement)

    event.listen(runtime.db.engine, "before_cursor_execute", asked_for)
    run = go(runtime, "pay")
    event.remove(runtime.db.engine, "before_cursor_execute", asked_for)

    counts = [each for each in transactions.values() if any("count(*)" in said and "LIMIT" in said for said in each)]
    wrote = [said for each in counts for said in each if said.startswith(("UPDATE", "INSERT", "BEGIN IMMEDIATE"))]
    assert (run.total, len(counts), wrote) == (40, 1, [])


class _Passing(Exception):
    sqlstate = "40001"


def test_a_half_of_a_chunk_that_is_refused_in_passing_is_not_left_out(runtime: Runtime, declare: Declare) -> None:
    """The chunk before it is committed; its cursor says nothing of this one."""
    seed(runtime, 40)
    refusals: list[Exception | None] = [None, ZeroDivisionError("bad"), OperationalError("", {}, _Passing("busy"))]

    def refused(session: Session, ids: Sequence[int], **how: Any) -> Outcome:
        problem = refusals.pop(0) if refusals else None
        if problem is not None:
            raise problem
        return escrow_release.release_all(session, ids, **how)

    planned(runtime, declare("pay", partial(release, action=refused)), NOON)
    run = go(runtime, "pay")

    assert (run.status, run.succeeded, run.skipped, run.failed) == ("succeeded", 36, 4, 0)
    assert paid(runtime) == released(runtime) == 36
    with runtime.db.reading() as session:
        lines = list(session.scalars(select(RunLine.event).order_by(RunLine.id)))
    assert lines[1:3] == ["chunk.divided", "chunk.again"]


def test_nobody_takes_a_run_over_in_the_middle_of_a_transaction(runtime: Runtime, declare: Declare) -> None:
    seed(runtime, 40)
    calls: list[int] = []
    found: list[Any] = []

    def interrupted(session: Session, ids: Sequence[int], **how: Any) -> Outcome:
        calls.append(len(ids))
        if len(calls) == 3:
            give_up(runtime)
        return escrow_release.release_all(session, ids, **how)

    def give_up(runtime: Runtime) -> None:
        later = clock.now() + timedelta(minutes=5)
        if runtime.db.is_sqlite:
            pytest.skip("one writer: nobody can take over in the middle of a transaction")
        with runtime.db.transaction() as session:
            session.execute(text("SET LOCAL lock_timeout = '2s'"))
            found.append(orphaned_runs.take_over(session, 1, later))

    planned(runtime, declare("pay", partial(release, action=interrupted)), NOON)
    assert go(runtime, "pay").succeeded == 36
    assert found == [None], "Its row is locked by the transaction under way."


def test_a_process_that_lost_its_run_moves_nothing_more(runtime: Runtime, declare: Declare) -> None:
    seed(runtime, 40)
    calls: list[int] = []

    def slow(session: Session, ids: Sequence[int], **how: Any) -> Outcome:
        calls.append(len(ids))
        return escrow_release.release_all(session, ids, **how)

    def stopping() -> bool:
        if len(calls) == 2:
            with runtime.db.transaction() as session:
                taken = orphaned_runs.take_over(session, 1, clock.now() + timedelta(minutes=5))
                assert (taken.attempt if taken else 0) == 2
        return False

    planned(runtime, declare("pay", partial(release, action=slow)), NOON)
    run = asked(runtime, "pay")
    run_job(runtime, run.id, stopping=stopping)
    half = runs_of(runtime, "pay")[0]
    assert (half.status, half.attempt, half.processed, len(calls)) == ("queued", 2, 16, 2)

    run_job(runtime, run.id)

    whole = runs_of(runtime, "pay")[0]
    assert (whole.status, whole.succeeded, whole.skipped, whole.processed) == ("succeeded", 36, 4, 40)
    assert paid(runtime) == 36


def test_a_run_whose_process_dies_three_times_is_lost_and_alerts(runtime: Runtime, declare: Declare) -> None:
    planned(runtime, declare("pay", release), NOON)
    run = asked(runtime, "pay")
    from webapp.jobs.engine.recovery import sweep_runs

    for attempt in (1, 2, 3):
        with runtime.db.transaction() as session:
            started = run_progress.start(session, run.id, clock.now() - timedelta(minutes=2), LEASE)
            assert (started.attempt if started else 0) == attempt
        try:
            sweep_runs(runtime)
        except Exception:  # Redis is not there; the takeover comes before it is asked
            continue

    (lost,) = runs_of(runtime, "pay")
    assert (lost.status, lost.error) == ("lost", "Its process died 3 times.")
    with runtime.db.reading() as session:
        assert [alert.rule for alert in session.scalars(select(Alert))] == ["run_failed"]


def test_a_stop_request_hands_the_rest_back(runtime: Runtime, declare: Declare) -> None:
    seed(runtime, 40)
    calls: list[int] = []

    def counted(session: Session, ids: Sequence[int], **how: Any) -> Outcome:
        calls.append(len(ids))
        return escrow_release.release_all(session, ids, **how)

    planned(runtime, declare("pay", partial(release, action=counted)), NOON)
    run = asked(runtime, "pay")
    run_job(runtime, run.id, stopping=lambda: len(calls) == 2)
    assert [(each.status, each.attempt, each.processed) for each in runs_of(runtime, "pay")] == [("queued", 2, 16)]

    run_job(runtime, run.id)
    assert (runs_of(runtime, "pay")[0].succeeded, paid(runtime)) == (36, 36)


def test_a_run_at_its_limit_ends_partial_and_the_rest_stays_due(runtime: Runtime, declare: Declare) -> None:
    seed(runtime, 40)
    planned(runtime, declare("pay", release), NOON, max_duration_seconds=0)

    assert go(runtime, "pay").status == RunStatus.PARTIAL
    planned(runtime, "pay", NOON, max_duration_seconds=600)
    assert go(runtime, "pay").succeeded == 36


def test_stopped_money_ends_the_run_and_blames_no_escrow(runtime: Runtime, declare: Declare) -> None:
    seed(runtime, 20)
    planned(runtime, declare("pay", release), NOON)
    with runtime.db.transaction() as session:
        kill_switch.stop(session, "Something smells", at=NOON, actor=OPERATOR)

    run = go(runtime, "pay")

    assert (run.status, run.failed, paid(runtime)) == ("failed", 0, 0)
    assert "Something smells" in (run.error or "")


def test_a_run_whose_job_raises_fails_alerts_once_and_a_good_one_resolves_it(
    runtime: Runtime, declare: Declare
) -> None:
    broken = [True, True, False]

    def job(work: Work, at: datetime) -> None:
        if broken.pop(0):
            raise KeyError("lost key")

    planned(runtime, declare("pay", job), NOON)
    assert go(runtime, "pay").error == "KeyError: 'lost key'"
    go(runtime, "pay")
    with runtime.db.reading() as session:
        assert [alert.status for alert in session.scalars(select(Alert))] == ["firing"]
    go(runtime, "pay")
    with runtime.db.reading() as session:
        assert [alert.status for alert in session.scalars(select(Alert))] == ["resolved"]


def test_a_run_without_what_it_needs_is_skipped_and_counts_as_having_run(runtime: Runtime, declare: Declare) -> None:
    found: list[Exception] = [KeyError("lost key"), NotConfigured("The post office is not configured.")]

    def job(work: Work, at: datetime) -> None:
        raise found.pop(0)

    planned(runtime, declare("pay", job), NOON)
    go(runtime, "pay")
    run = go(runtime, "pay")

    assert (run.status, run.error) == (RunStatus.SKIPPED, "The post office is not configured.")
    with runtime.db.reading() as session:
        assert [alert.status for alert in session.scalars(select(Alert))] == ["resolved"]
        last = schedules.health_of(session, "pay", clock.now()).last_good
        assert last is not None
        assert last.id == run.id


def test_a_run_that_did_something_is_not_skipped_for_what_was_missing_then(runtime: Runtime, declare: Declare) -> None:
    def job(work: Work, at: datetime) -> None:
        work.each("thing", [1], lambda session, item: None)
        raise NotConfigured("The post office is not configured.")

    planned(runtime, declare("pay", job), NOON)
    run = go(runtime, "pay")
    assert (run.status, run.error) == (RunStatus.SUCCEEDED, "The post office is not configured.")


def test_more_failed_items_than_the_share_alert(runtime: Runtime, declare: Declare) -> None:
    seed(runtime, 20)

    def half(session: Session, ids: Sequence[int], **how: Any) -> Outcome:
        if any(item % 2 for item in ids):
            raise ValueError("odd")
        return Outcome("escrow", done=len(ids))

    planned(runtime, declare("pay", partial(release, action=half)), NOON)
    assert go(runtime, "pay").failed == 10
    with runtime.db.reading() as session:
        assert session.scalars(select(Alert.sentence)).all() == ["10 of 20 items failed in run 1 of pay."]


def test_only_one_run_of_a_job_is_carried_out_at_a_time(runtime: Runtime, declare: Declare) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(work: Work, at: datetime) -> None:
        inside.set()
        go_on.wait(20)

    planned(runtime, declare("pay", slow), NOON)
    with runtime.db.transaction() as session:
        first = runs.claim_for_outside_cron(session, "pay", actor=OPERATOR)
        second = runs.claim_for_outside_cron(session, "pay", actor=OPERATOR)
    thread = threading.Thread(target=run_job, args=(runtime, first.id))
    thread.start()
    inside.wait(20)
    run_job(runtime, second.id)
    assert [run.status for run in runs_of(runtime, "pay") if run.id == second.id] == ["queued"]
    go_on.set()
    thread.join()
    run_job(runtime, second.id)
    assert [run.status for run in runs_of(runtime, "pay") if run.status != "missed"] == ["succeeded", "succeeded"]


def test_a_row_that_somebody_looks_at_is_paid_in_the_same_run(runtime: Runtime, declare: Declare) -> None:
    if runtime.db.is_sqlite:
        pytest.skip("SQLite locks the database, not rows")
    seed(runtime, 20)
    planned(runtime, declare("pay", release), NOON)
    with runtime.db.transaction() as looking:
        looking.execute(select(Escrow).where(Escrow.id == 5).with_for_update())
        run = asked(runtime, "pay")
        thread = threading.Thread(target=run_job, args=(runtime, run.id))
        thread.start()
        until(lambda: runs_of(runtime, "pay")[0].succeeded == 17, 20)
    thread.join(20)
    assert (runs_of(runtime, "pay")[0].succeeded, paid(runtime)) == (18, 18)
    with runtime.db.reading() as session:
        said = [line.event for line in runs.lines(session, run.id)]
    assert said == ["run.started", "run.finished"], "The others were paid in one chunk, and nobody waited."


def test_a_row_that_stays_locked_is_a_failed_item(runtime: Runtime, declare: Declare) -> None:
    if runtime.db.is_sqlite:
        pytest.skip("SQLite locks the database, not rows")
    seed(runtime, 20)
    planned(runtime, declare("pay", release), NOON)
    with runtime.db.transaction() as looking:
        looking.execute(select(Escrow).where(Escrow.id == 5).with_for_update())
        run = go(runtime, "pay")
    assert (run.status, run.succeeded, run.failed) == ("partial", 17, 1)


def test_the_lines_of_a_run_say_how_it_went(runtime: Runtime, declare: Declare) -> None:
    seed(runtime, 20)
    planned(runtime, declare("pay", release), NOON)
    run = go(runtime, "pay")
    with runtime.db.reading() as session:
        lines = runs.lines(session, run.id)
        said = runs.as_json(run)
    assert [line.event for line in lines] == ["run.started", "run.finished"]
    assert lines[-1].fields["succeeded"] == said["succeeded"] == 18
    assert said["progress"] == {"done": 20, "total": 20}


def test_items_are_isolated_one_by_one_too(runtime: Runtime, declare: Declare) -> None:
    def each(work: Work, at: datetime) -> None:
        work.each("thing", [1, 2, 3], one)

    def one(session: Session, item: int) -> None:
        if item == 2:
            raise Conflict("It is being changed.")

    planned(runtime, declare("things", each), NOON)
    run = go(runtime, "things")
    assert (run.status, run.succeeded, run.skipped) == ("succeeded", 2, 1)


def test_nobody_takes_over_a_run_whose_lease_lasts(runtime: Runtime, declare: Declare) -> None:
    planned(runtime, declare("pay", release), NOON)
    run = asked(runtime, "pay")
    now = clock.now()
    with runtime.db.transaction() as session:
        run_progress.start(session, run.id, now, LEASE)
    with runtime.db.transaction() as session:
        assert orphaned_runs.abandoned(session, now + LEASE) == []
        assert orphaned_runs.take_over(session, run.id, now + LEASE) is None
        taken = orphaned_runs.take_over(session, run.id, now + LEASE + timedelta(seconds=1))
        assert taken is not None
        assert taken.attempt == 2
