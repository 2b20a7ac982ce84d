"""The figures of reports: as plain Python finds them in the rows, and as the pages show them."""

import random
from datetime import UTC, date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from tests.services.reports.history import DAYS, FIRST, History
from tests.services.reports.oracle import Oracle
from tests.support.market import all_books_agree
from tests.support.money_scenes import SCENES, Key, Scene
from webapp import clock
from webapp.domain.reports.periods import ReportPeriod, month_of
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Account, Schedule
from webapp.runtime import Runtime
from webapp.services.escrows import figures as escrow_figures
from webapp.services.read_models import money_totals
from webapp.services.reports import money, reading
from webapp.services.reports.figures import ReportFigures

LONG = {"transfer", "entry", "escrow", "run", "alert", "dispute", "reconciliation", "discrepancy", "audit"}
"""Tables that grow without end."""


@pytest.fixture
def past(runtime: Runtime) -> Runtime:
    """A desk with three hundred days behind it."""
    register_jobs(runtime)
    with runtime.db.transaction() as session:
        session.execute(update(Schedule).where(Schedule.job == "auto_release").values(cron="0 2 * * *", zone="UTC"))
        history = History(session, runtime, seed=11)
        history.money(36)
        history.operations()
    return runtime


def _periods() -> list[ReportPeriod]:
    some, first = random.Random(5), FIRST.date()
    lengths = [1, 1, 2, 7, 7, 30, 90, DAYS]
    found = [
        month_of(date(2026, 3, 5)),
        month_of(date(2026, 10, 5)),
        ReportPeriod(date(2026, 3, 29), date(2026, 3, 30)),
    ]
    for days in lengths:
        begins = first + timedelta(days=some.randrange(DAYS - days + 1))
        found.append(ReportPeriod(begins, begins + timedelta(days=days)))
    return found


def test_every_figure_is_what_plain_python_finds_in_the_rows(past: Runtime) -> None:
    with past.db.reading() as session:
        oracle, found = Oracle(session), {period: reading.read(session, period) for period in _periods()}
    for period, figures in found.items():
        _same_money(oracle, period, figures)
        _same_operations(oracle, period, figures)
    assert any(each.ageing for each in found.values())
    all_books_agree(past)


def _same_money(oracle: Oracle, period: ReportPeriod, figures: ReportFigures) -> None:
    ours = {
        each.currency: (
            each.held_at_start, each.moved.held, each.moved.released, each.moved.refunded, each.moved.fees,
            each.held_at_end,
        )
        for each in figures.currencies
    }  # fmt: skip
    theirs = oracle.money(period.first, period.end)
    assert {name: ours.get(name, (0,) * 6) for name in theirs} == theirs, period
    before = {each.currency: each.before for each in figures.currencies}
    for name, (_start, held, released, refunded, fees, _end) in oracle.money(
        period.before.first, period.before.end
    ).items():
        moved = before.get(name)
        assert (held, released, refunded, fees) == (
            (moved.held, moved.released, moved.refunded, moved.fees) if moved else (0,) * 4
        )
    assert {each.currency: each.amounts for each in figures.ageing} == oracle.ageing(period.ends), period
    for day in figures.days[:: max(1, len(figures.days) // 20)]:
        expected = oracle.money(day.day, day.day + timedelta(days=1))[day.currency]
        assert (day.held, day.released, day.refunded, day.held_at_end) == (*expected[1:4], expected[5])


def _same_operations(oracle: Oracle, period: ReportPeriod, figures: ReportFigures) -> None:
    bounds = period.begins, period.ends
    opened, ended, still = oracle.disputes(*bounds)
    assert figures.disputes.opened == dict(opened)
    of = figures.disputes.decided
    assert {each.outcome: (each.count, each.average_seconds, each.longest_seconds) for each in of} == ended
    assert figures.disputes.open_at_end == still
    earlier, ended_before, _still = oracle.disputes(period.before.begins, period.before.ends)
    assert figures.disputes.opened_before == sum(earlier.values())
    assert figures.disputes.decided_before == sum(count for count, _, _ in ended_before.values())
    runs = {(each.job, status): count for each in figures.jobs for status, count in each.runs.items()}
    assert runs == dict(oracle.runs(*bounds))
    for job in [each for each in figures.jobs if each.job in ("auto_release", "watch")]:
        assert job.longest_silence_seconds == oracle.silence(job.job, *bounds)
    released = next(each for each in figures.jobs if each.job == "auto_release")
    assert released.missed_slots == oracle.missed("auto_release", *bounds, hour=2)
    alerts = {
        each.rule: (each.fired, each.open_at_end, each.total_seconds, each.longest_seconds) for each in figures.alerts
    }
    assert alerts == oracle.alerts(*bounds)
    books = {
        each.source: (each.comparisons, each.compared, each.found, each.settled, each.open_at_end)
        for each in figures.reconciliation
    }
    for source in ("paystack", "blnk"):
        assert books.get(source, (0,) * 5) == oracle.books(source, *bounds)


def test_a_report_says_what_the_pages_say(past: Runtime) -> None:
    now = clock.now()
    tomorrow = now.date() + timedelta(days=1)
    period = ReportPeriod(tomorrow - timedelta(days=money_totals.DAYS), tomorrow)
    with past.db.reading() as session:
        figures = reading.read(session, period)
        held = money_totals.summary(session, now).held
        ages = escrow_figures.held_by_age(session, now)
        ours = money.ageing(session, now)
        flows = {name: money_totals.flow(session, name, amount, now.date()) for name, amount in held}
    assert {each.currency: each.held_at_end for each in figures.currencies if each.held_at_end} == dict(held)
    assert {each.currency: each.amounts for each in ours} == ages.amounts
    for name, flow in flows.items():
        days = [day for day in figures.days if day.currency == name]
        assert [day.day for day in days] == flow.days
        assert [(day.held_at_end, day.released, day.refunded) for day in days] == list(
            zip(flow.held, flow.released, flow.refunded, strict=True)
        )


@pytest.mark.parametrize(
    "scene",
    [
        ("escrow.split", "seller", "in_wallet_and_debt_met"),
        ("escrow.refunded", "buyer", "went_back_and_sent"),
        ("transfer.reversed", "seller", "owes"),
        ("payment.decided", "seller", "less_is_held"),
        ("payment.decided", "seller", "more_is_held"),
        ("payment.decided", "seller", "in_wallet_and_debt_met"),
        ("payment.decided", "buyer", "came_back"),
    ],
    ids="-".join,
)
def test_what_is_held_is_the_sum_of_its_ages_whatever_came_back(sqlite_runtime: Runtime, scene: Key) -> None:
    with sqlite_runtime.db.transaction() as session:
        SCENES[scene](Scene(session, sqlite_runtime))
    tomorrow = clock.now().astimezone(UTC).date() + timedelta(days=1)
    with sqlite_runtime.db.reading() as session:
        figures = reading.read(session, ReportPeriod(tomorrow - timedelta(days=1), tomorrow))
        held = dict(money_totals.held_now(session))
        kept = session.scalars(select(Account.balance).where(Account.kind.in_(("escrow", "pending")))).all()
        ages, shown = money.ageing(session, clock.now()), escrow_figures.held_by_age(session, clock.now()).amounts
    assert {each.currency: each.held_at_end for each in figures.currencies if each.held_at_end} == held
    assert sum(held.values()) == sum(kept)
    assert {each.currency: each.amounts for each in ages} == shown


def test_money_of_a_period_is_found_by_indexes(sqlite_runtime: Runtime) -> None:
    """However long the ledger is: only what moved in the period, and what is held or moved since, is looked at."""
    plans: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if statement.startswith(("SELECT", "WITH")):
            cursor = connection.connection.cursor()
            plans.extend(row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall())

    period = ReportPeriod(date(2026, 3, 2), date(2026, 3, 9))
    with sqlite_runtime.db.reading() as session:
        event.listen(sqlite_runtime.db.engine, "before_cursor_execute", explain)
        try:
            reading.read(session, period)
        finally:
            event.remove(sqlite_runtime.db.engine, "before_cursor_execute", explain)
    whole = {plan for plan in plans if plan.startswith("SCAN") and plan.split()[1] in LONG}
    assert whole == set()
