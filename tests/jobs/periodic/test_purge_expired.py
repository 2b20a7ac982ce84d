"""`purge_expired`: leftovers in Redis go; what is asked for many runs is done to each, and each is named."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.conftest import settings_for
from tests.faults.desk import Desk
from tests.support.declared_jobs import OPERATOR
from webapp import clock
from webapp.errors import Invalid
from webapp.jobs.engine.queue import RunJob, queue
from webapp.jobs.engine.rq_cleanup import registries
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_job
from webapp.models import Idempotency, Run
from webapp.runtime import Runtime, build_runtime
from webapp.services.scheduling import bulk_actions, runs


def asked(runtime: Runtime, what: dict[str, object]) -> Run:
    with runtime.db.transaction() as session:
        run = runs.trigger(session, "purge_expired", actor=OPERATOR, parameters=what)
    run_job(runtime, run.id)
    with runtime.db.reading() as session:
        return runs.get(session, run.id)


def test_failed_runs_are_retried_once_each_and_named(runtime: Runtime) -> None:
    register_jobs(runtime)
    with runtime.db.transaction() as session:
        for job in ("verify_books", "auto_release"):
            failed = runs.trigger(session, job, actor=OPERATOR)
            failed.status = "failed"
    ended = asked(runtime, {"action": "retry", "job": "auto_release"})
    assert (ended.status, ended.succeeded, ended.failed) == ("succeeded", 1, 0)
    with runtime.db.reading() as session:
        again = runs.history(session, job="auto_release")
        assert [run.status for run in again] == ["queued", "failed"]
        assert again[0].by_name == OPERATOR.name
        assert len(runs.history(session, job="verify_books")) == 1


def test_what_cannot_be_is_named_and_the_others_go_on(runtime: Runtime) -> None:
    register_jobs(runtime)
    with runtime.db.transaction() as session:
        for _ in range(2):
            runs.trigger(session, "auto_release", actor=OPERATOR).status = "lost"
    ended = asked(runtime, {"action": "retry"})
    assert (ended.succeeded, ended.skipped) == (1, 1)
    with runtime.db.reading() as session:
        named = runs.items(session, ended.id)
    assert "is queued. Wait for it to end." in named[0].message


def test_old_keys_and_sign_ins_are_forgotten_and_young_ones_kept(runtime: Runtime) -> None:
    register_jobs(runtime)
    now = clock.now()
    with runtime.db.transaction() as session:
        for name, at in (("old", now - timedelta(days=3)), ("young", now - timedelta(hours=3))):
            session.add(Idempotency(actor="token:1", key=name, request_hash="x", status=200, answer="{}", at=at))
        run = runs.trigger(session, "purge_expired", actor=OPERATOR)
    run_job(runtime, run.id)
    with runtime.db.reading() as session:
        assert runs.get(session, run.id).status == "succeeded"
        assert session.scalars(select(Idempotency.key)).all() == ["young"]


def test_nobody_can_ask_for_anything_else(runtime: Runtime) -> None:
    with runtime.db.reading() as session, pytest.raises(Invalid):
        bulk_actions.matching(session, {"action": "delete"})


def test_leftovers_in_redis_are_removed(sqlite_url: str, tmp_path: Path) -> None:
    desk = Desk(sqlite_url, tmp_path / "redis-desk")
    desk.start_redis()
    runtime = build_runtime(settings_for(sqlite_url, tmp_path, redis_url=f"unix://{desk.socket}"))
    try:
        register_jobs(runtime)
        ours = queue(runtime.redis)
        left = RunJob.create("webapp.jobs.run", args=(1,), connection=runtime.redis, id="run-1-1", origin=ours.name)
        left.save()
        ours.failed_job_registry.add(left, ttl=-1)
        with runtime.db.transaction() as session:
            run = runs.trigger(session, "purge_expired", actor=OPERATOR)
        run_job(runtime, run.id)
        assert [len(registry) for _name, registry in registries(runtime.redis)] == [0, 0, 0, 0]
        assert not runtime.redis.exists(RunJob.key_for("run-1-1"))
    finally:
        runtime.db.close()
        desk.stop()
