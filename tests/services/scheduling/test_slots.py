"""Every planned slot ends as exactly one run, or as an explicit missed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from tests.support.declared_jobs import NOON, OPERATOR, Declare, planned, runs_of
from webapp import clock
from webapp.domain.states import CatchUp, RunStatus, Trigger
from webapp.errors import Conflict, Invalid, NotAllowed
from webapp.models import Schedule
from webapp.runtime import Runtime
from webapp.services.scheduling import runs, schedule_changes, schedules, slots
from webapp.services.scheduling.schedules import ScheduleChanges

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def nothing(work: object, at: datetime) -> None:
    """A job that has nothing to do."""


def claim(runtime: Runtime, name: str, at: datetime) -> list[int]:
    with runtime.db.transaction() as session:
        return slots.claim(session, name, at)


def said(runtime: Runtime, name: str) -> list[tuple[str, str, datetime | None, datetime | None]]:
    return [(run.status, run.trigger, run.slot, run.missed_to) for run in runs_of(runtime, name)]


def test_a_slot_on_time_becomes_one_run_however_often_it_is_claimed(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", NOON - HOUR)

    assert [len(claim(runtime, "daily", NOON + MINUTE)) for _ in range(3)] == [1, 0, 0]
    assert said(runtime, "daily") == [("queued", "schedule", NOON, None)]


def test_a_slot_that_another_process_took_meanwhile_is_left_to_it(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", NOON - HOUR)
    claim(runtime, "daily", NOON)

    with runtime.db.transaction() as session:
        assert slots.claim(session, "daily", NOON, seen=NOON) == []
    assert len(runs_of(runtime, "daily")) == 1


def test_once_runs_the_last_missed_slot_and_names_the_others_in_one_row(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing, catch_up=CatchUp.ONCE)
    planned(runtime, "daily", NOON - HOUR)

    claim(runtime, "daily", NOON + 4 * DAY + 5 * HOUR)

    assert said(runtime, "daily") == [
        (RunStatus.MISSED, Trigger.SCHEDULE, NOON, NOON + 3 * DAY),
        (RunStatus.QUEUED, Trigger.CATCH_UP, NOON + 4 * DAY, None),
    ]


def test_each_runs_every_missed_slot(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing, catch_up=CatchUp.EACH)
    planned(runtime, "daily", NOON - HOUR)

    claim(runtime, "daily", NOON + 24 * DAY + MINUTE)
    claim(runtime, "daily", NOON + 24 * DAY + MINUTE)

    assert [run.slot for run in runs_of(runtime, "daily")] == [NOON + day * DAY for day in range(25)]


def test_skip_records_late_slots_as_missed_and_runs_one_on_time(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing, catch_up=CatchUp.SKIP)
    planned(runtime, "daily", NOON - HOUR)

    claim(runtime, "daily", NOON + 2 * DAY + 2 * HOUR)
    claim(runtime, "daily", NOON + 3 * DAY + MINUTE)

    assert [(row[0], row[2], row[3]) for row in said(runtime, "daily")] == [
        (RunStatus.MISSED, NOON, NOON + DAY),
        (RunStatus.MISSED, NOON + 2 * DAY, NOON + 2 * DAY),
        (RunStatus.QUEUED, NOON + 3 * DAY, None),
    ]


@pytest.mark.parametrize(("hours", "status"), [(5, RunStatus.QUEUED), (12, RunStatus.MISSED)])
def test_once_on_the_same_day_does_not_run_after_local_midnight(
    runtime: Runtime, declare: Declare, hours: int, status: str
) -> None:
    declare("daily", nothing, catch_up=CatchUp.ONCE_SAME_DAY)
    planned(runtime, "daily", NOON - HOUR)

    claim(runtime, "daily", NOON + hours * HOUR)

    assert [run.status for run in runs_of(runtime, "daily")] == [status]


def test_a_minute_job_that_was_down_for_a_year_costs_two_rows(runtime: Runtime, declare: Declare) -> None:
    declare("often", nothing, cron="* * * * *", catch_up=CatchUp.SKIP)
    planned(runtime, "often", NOON)

    claim(runtime, "often", NOON + 365 * DAY + timedelta(seconds=3))

    assert [run.status for run in runs_of(runtime, "often")] == [RunStatus.MISSED, RunStatus.QUEUED]


def test_an_outside_cron_claims_the_latest_slot_once(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", datetime(2025, 1, 1, tzinfo=UTC))

    with runtime.db.transaction() as session:
        first = runs.claim_for_outside_cron(session, "daily", actor=OPERATOR)
        second = runs.claim_for_outside_cron(session, "daily", actor=OPERATOR)

    assert (first.slot is not None, second.slot) == (True, None)
    assert [run.status for run in runs_of(runtime, "daily")] == ["missed", "queued", "queued"]


def test_a_slot_that_a_cluster_s_clock_has_done_is_not_done_again(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", datetime(2025, 1, 1, tzinfo=UTC))

    with runtime.db.transaction() as session:
        first = runs.claim_due_slot(session, "daily", actor=OPERATOR)
        again = runs.claim_due_slot(session, "daily", actor=OPERATOR)
    assert (first is not None, again) == (True, None)

    claim(runtime, "daily", clock.now())
    assert [run.status for run in runs_of(runtime, "daily")] == ["missed", "queued"]


def test_a_slot_that_the_scheduler_has_taken_is_none_of_a_cluster_s_clock(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", datetime(2025, 1, 1, tzinfo=UTC))
    claim(runtime, "daily", clock.now())

    with runtime.db.transaction() as session:
        assert runs.claim_due_slot(session, "daily", actor=OPERATOR) is None


@pytest.mark.parametrize(
    ("catch_up", "late", "kept"),
    [
        (CatchUp.ONCE, 5 * HOUR, (RunStatus.QUEUED, Trigger.CATCH_UP)),
        (CatchUp.ONCE, MINUTE, (RunStatus.QUEUED, Trigger.SCHEDULE)),
        (CatchUp.SKIP, 5 * HOUR, (RunStatus.MISSED, Trigger.SCHEDULE)),
        (CatchUp.SKIP, MINUTE, (RunStatus.QUEUED, Trigger.SCHEDULE)),
        (CatchUp.ONCE_SAME_DAY, 5 * HOUR, (RunStatus.QUEUED, Trigger.CATCH_UP)),
        (CatchUp.ONCE_SAME_DAY, 13 * HOUR, (RunStatus.MISSED, Trigger.SCHEDULE)),
    ],
)
def test_an_outside_cron_catches_up_by_the_job_s_rule(
    runtime: Runtime, declare: Declare, catch_up: CatchUp, late: timedelta, kept: tuple[str, str]
) -> None:
    declare("daily", nothing, catch_up=catch_up)
    planned(runtime, "daily", NOON - HOUR)
    for _ in range(2):
        with runtime.db.transaction() as session:
            slots.claim_latest(session, "daily", NOON + DAY + late, actor=OPERATOR)

    assert [row[:3] for row in said(runtime, "daily")] == [
        (RunStatus.MISSED, Trigger.SCHEDULE, NOON),
        (*kept, NOON + DAY),
    ]


def test_an_outside_cron_runs_each_slot_of_a_job_that_catches_up_on_each(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing, catch_up=CatchUp.EACH)
    planned(runtime, "daily", NOON - HOUR)
    with runtime.db.transaction() as session:
        last = slots.claim_latest(session, "daily", NOON + 3 * DAY + MINUTE, actor=OPERATOR)

    found = runs_of(runtime, "daily")
    assert [run.slot for run in found] == [NOON + day * DAY for day in range(4)]
    assert last == found[-1].id


def test_a_slot_on_record_as_missed_is_never_run(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", NOON - HOUR)
    with runtime.db.transaction() as session:
        schedule_changes.insert_missed(session, "daily", NOON - DAY, NOON + 2 * DAY, NOON, "Down.")
    claim(runtime, "daily", NOON + MINUTE)
    with runtime.db.transaction() as session:
        assert slots.claim_latest(session, "daily", NOON + 2 * DAY + MINUTE, actor=OPERATOR) is None
    claim(runtime, "daily", NOON + 3 * DAY)

    assert [(row[0], row[2]) for row in said(runtime, "daily")] == [
        (RunStatus.MISSED, NOON - DAY),
        (RunStatus.MISSED, NOON + DAY),
        (RunStatus.QUEUED, NOON + 3 * DAY),
    ]


def test_a_second_run_by_hand_is_refused_and_names_the_first(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", NOON)
    with runtime.db.transaction() as session:
        first = runs.trigger(session, "daily", actor=OPERATOR)

    with pytest.raises(Conflict, match=f"Run {first.id} of daily is queued"), runtime.db.transaction() as session:
        runs.trigger(session, "daily", actor=OPERATOR)
    with runtime.db.transaction() as session:
        assert runs.trigger(session, "daily", actor=OPERATOR, dry_run=True).dry_run


def test_a_paused_job_is_not_planned_and_its_slots_are_named_when_it_resumes(
    runtime: Runtime, declare: Declare
) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", NOON - HOUR)
    with runtime.db.transaction() as session:
        schedules.pause(session, "daily", "Bank holiday", actor=OPERATOR, at=NOON - MINUTE)

    assert claim(runtime, "daily", NOON + MINUTE) == []
    with runtime.db.transaction() as session:
        schedules.resume(session, "daily", actor=OPERATOR, at=NOON + 2 * DAY + MINUTE)

    missed = runs_of(runtime, "daily")
    assert [(run.status, run.slot, run.missed_to) for run in missed] == [("missed", NOON, NOON + 2 * DAY)]
    assert "Bank holiday" in (missed[0].error or "")


def test_a_pause_with_an_end_ends_by_itself(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", NOON - HOUR)
    with runtime.db.transaction() as session:
        schedules.pause(session, "daily", "Move", actor=OPERATOR, at=NOON - MINUTE, until=NOON + DAY)

    with runtime.db.transaction() as session:
        assert [due.job for due in slots.due(session, NOON)] == []
        assert [due.job for due in slots.due(session, NOON + DAY)] == ["daily"]
        assert schedules.resume_elapsed(session, "daily", actor=slots.SCHEDULER, at=NOON + DAY)
        assert schedules.get(session, "daily").next_slot == NOON + 2 * DAY


def plan(**changes: Any) -> ScheduleChanges:
    given: dict[str, Any] = {
        "cron": "30 14 * * *",
        "zone": "Africa/Lagos",
        "grace_seconds": 600,
        "max_duration_seconds": 60,
        "long_run_seconds": 30,
        "failed_items_percent": 5,
        "catch_up": "skip",
    }
    return ScheduleChanges(**(given | changes))


def test_a_changed_plan_wins_over_the_code_and_a_stale_form_is_refused(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", NOON - HOUR)
    with runtime.db.transaction() as session:
        changed = schedules.change(session, "daily", plan(), version=1, actor=OPERATOR, at=NOON - MINUTE)
        assert changed.next_slot == NOON.replace(hour=13, minute=30)

    planned(runtime, "daily", NOON)

    with runtime.db.reading() as session:
        assert schedules.get(session, "daily").cron == "30 14 * * *"
    with pytest.raises(Conflict, match="Olu Operator"), runtime.db.transaction() as session:
        schedules.change(session, "daily", plan(), version=1, actor=OPERATOR, at=NOON)


def test_every_wrong_field_of_a_plan_is_named_at_once(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", NOON)
    wrong = plan(cron="0 25 * * *", zone="Nowhere", grace_seconds=0, catch_up="maybe")
    with pytest.raises(Invalid) as refused, runtime.db.transaction() as session:
        schedules.change(session, "daily", wrong, version=1, actor=OPERATOR, at=NOON)
    assert sorted(refused.value.fields) == ["catch_up", "cron", "grace_seconds", "zone"]


def test_who_may_not_run_or_pause_jobs_is_refused(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", NOON)
    with runtime.db.transaction() as session:
        for act in (
            lambda: runs.trigger(session, "daily", actor=slots.SCHEDULER),
            lambda: schedules.pause(session, "daily", "why", actor=slots.SCHEDULER, at=NOON),
            lambda: schedules.change(session, "daily", plan(), version=1, actor=slots.SCHEDULER, at=NOON),
        ):
            with pytest.raises(NotAllowed):
                act()


def test_a_slow_scheduler_does_not_plan_a_slot_again(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", NOON)
    for following in (NOON + 2 * DAY, NOON + DAY):
        with runtime.db.transaction() as session:
            slots._advance(session, "daily", following)
    with runtime.db.reading() as session:
        assert session.scalars(select(Schedule.next_slot).where(Schedule.job == "daily")).one() == NOON + 2 * DAY


@pytest.mark.parametrize("cron", ["30 1 * * *", "30 2 * * *"])
@pytest.mark.parametrize("changes", [datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)])
@pytest.mark.parametrize("outside", [False, True], ids=["scheduler", "outside-cron"])
def test_a_clock_that_goes_back_and_forth_across_summer_time_runs_each_local_day_once(
    sqlite_runtime: Runtime, declare: Declare, cron: str, changes: datetime, outside: bool
) -> None:
    """Three hours on and two back, from a day before a change in New York until a day after it."""
    declare("daily", nothing, cron=cron, zone="America/New_York", catch_up=CatchUp.EACH)
    planned(sqlite_runtime, "daily", changes - DAY)
    at = changes - DAY
    while at < changes + 2 * DAY:
        for jump in (3 * HOUR, -2 * HOUR):
            at += jump
            with sqlite_runtime.db.transaction() as session:
                if outside:
                    slots.claim_latest(session, "daily", at, actor=OPERATOR)
                else:
                    slots.claim(session, "daily", at)

    ran = [run.slot.astimezone(ZoneInfo("America/New_York")) for run in runs_of(sqlite_runtime, "daily") if run.slot]
    assert [slot.date() for slot in ran] == [(changes + n * DAY).date() for n in (-1, 0, 1)]
