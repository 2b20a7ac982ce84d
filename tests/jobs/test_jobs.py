"""The declared jobs: what they say about themselves, and that each can be run."""

import pytest

from tests.support.declared_jobs import OPERATOR
from webapp import clock, jobs
from webapp.domain.scheduling.recurrence import Recurrence
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_job
from webapp.runtime import Runtime
from webapp.services.scheduling import runs, schedules

LACKED = {"send_payment_reminders": "be reminded", "warm_caches": "Redis does not answer"}
"""What a job says that it lacks on a bare desk."""


@pytest.mark.parametrize("name", sorted(jobs.registry()))
def test_each_job_says_what_it_does_and_when(name: str) -> None:
    spec = jobs.registry()[name]
    assert spec.description.endswith(".")
    assert Recurrence(spec.cron, spec.zone).next(clock.now()) > clock.now()


def test_each_job_has_a_title_of_its_own_that_fits_beside_its_name() -> None:
    titles = [spec.title for spec in jobs.registry().values()]
    assert [title for title in titles if not title or len(title) > 40 or title.endswith(".") or "_" in title] == []
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("dry_run", [True, False])
def test_each_job_runs_on_an_empty_desk(runtime: Runtime, dry_run: bool) -> None:
    register_jobs(runtime)
    for name in jobs.registry():
        with runtime.db.transaction() as session:
            run = runs.trigger(session, name, actor=OPERATOR, dry_run=dry_run)
        try:
            run_job(runtime, run.id)
        finally:
            with runtime.db.reading() as session:
                ended = runs.get(session, run.id)
        if name != "watch":  # it asks Redis, which is out of reach here
            nothing_to_do = ended.status == "skipped" and LACKED.get(name, "not configured") in (ended.error or "")
            assert nothing_to_do or (ended.status, ended.error) == ("succeeded", None)


def test_starting_twice_changes_nothing(runtime: Runtime) -> None:
    register_jobs(runtime)
    with runtime.db.reading() as session:
        before = {each.job: (each.next_slot, each.since) for each in schedules.all_schedules(session)}
    register_jobs(runtime)
    with runtime.db.reading() as session:
        assert {each.job: (each.next_slot, each.since) for each in schedules.all_schedules(session)} == before
