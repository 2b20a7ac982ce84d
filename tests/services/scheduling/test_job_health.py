"""Is every job on time? The warning is right across changes of summer time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests.support.declared_jobs import NOON, OPERATOR, Declare, planned
from webapp.domain.scheduling.recurrence import Recurrence
from webapp.domain.states import RunStatus
from webapp.models import Run
from webapp.runtime import Runtime
from webapp.services.scheduling import schedules
from webapp.services.scheduling.job_health import expected_by

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def nothing(work: object, at: datetime) -> None:
    """A job that has nothing to do."""


def ran(runtime: Runtime, name: str, slot: datetime | None, *, at: datetime | None = None, **more: object) -> None:
    when = at or slot
    given = {"trigger": "schedule", "by": "x", "by_name": "x", "status": RunStatus.SUCCEEDED, "amounts": {}}
    with runtime.db.transaction() as session:
        session.add(Run(job=name, slot=slot, at=when, created_at=when, **(given | more)))


def state(runtime: Runtime, name: str, at: datetime) -> tuple[str, datetime | None]:
    with runtime.db.reading() as session:
        found = schedules.health_of(session, name, at)
        return found.state, found.late_since


def test_a_daily_job_is_late_after_25_hours_and_not_before(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", NOON - DAY)
    ran(runtime, "daily", NOON)

    assert state(runtime, "daily", NOON + 25 * HOUR) == ("on_time", None)
    assert state(runtime, "daily", NOON + 25 * HOUR + MINUTE) == ("late", NOON + DAY)


def test_a_run_by_hand_ends_the_warning(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", NOON - 9 * DAY)
    ran(runtime, "daily", NOON - 3 * DAY)
    assert state(runtime, "daily", NOON + 2 * HOUR)[0] == "late"

    ran(runtime, "daily", None, at=NOON + 2 * HOUR, trigger="manual")

    assert state(runtime, "daily", NOON + 2 * HOUR) == ("on_time", None)


@pytest.mark.parametrize(
    "more", [{"dry_run": True}, {"trigger": "retry"}, {"status": "failed"}, {"status": "missed"}, {"status": "lost"}]
)
def test_dry_retried_failed_and_missed_runs_do_not_count_as_having_run(
    runtime: Runtime, declare: Declare, more: dict[str, object]
) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", NOON - 9 * DAY)
    ran(runtime, "daily", NOON - 3 * DAY)
    ran(runtime, "daily", None, at=NOON, **more)

    assert state(runtime, "daily", NOON + 2 * HOUR)[1] == NOON - 2 * DAY


def test_a_run_for_a_past_day_does_not_end_the_warning(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", NOON - 9 * DAY)
    ran(runtime, "daily", NOON - 3 * DAY)
    ran(runtime, "daily", None, at=NOON - 8 * DAY, trigger="manual")
    with runtime.db.transaction() as session:
        session.get_one(Run, 2).created_at = NOON

    assert state(runtime, "daily", NOON + 2 * HOUR)[1] == NOON - 2 * DAY


def test_a_paused_job_is_shown_and_does_not_warn(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", NOON - 9 * DAY)
    with runtime.db.transaction() as session:
        schedules.pause(session, "daily", "Audit", actor=OPERATOR, at=NOON)

    assert state(runtime, "daily", NOON + 9 * DAY) == ("paused", None)


@pytest.mark.parametrize("zone", ["Africa/Cairo", "Europe/London"])
@pytest.mark.parametrize("cron", ["0 2 * * *", "30 1 * * *", "0 0 * * *"])
def test_no_change_of_summer_time_raises_a_false_warning(
    runtime: Runtime, declare: Declare, zone: str, cron: str
) -> None:
    declare("daily", nothing, cron=cron, zone=zone)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    planned(runtime, "daily", start)
    recurrence = Recurrence(cron, zone)
    days = [slot for slot in recurrence.upcoming(start, 365) if slot.month in (3, 4, 10, 11)]
    with runtime.db.transaction() as session:
        schedule = schedules.get(session, "daily")
        for slot, following in pairwise(days):
            if following - slot < 2 * DAY:
                run = Run(job="daily", slot=slot, created_at=slot)
                assert expected_by(schedule, run) == (following, following + HOUR)


def test_states_say_what_the_last_run_did(runtime: Runtime, declare: Declare) -> None:
    declare("daily", nothing)
    planned(runtime, "daily", NOON - DAY)
    ran(runtime, "daily", NOON)
    for status in ("failed", "lost", "running"):
        ran(runtime, "daily", None, at=NOON + MINUTE, status=status, trigger="manual")
        assert state(runtime, "daily", NOON + HOUR) == (status, None)
