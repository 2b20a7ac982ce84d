"""The addresses that an outside scheduler calls by GET: the exact shape, once a slot, for its token alone."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.api.conftest import Caller
from tests.support.job_runs import run_job_now
from tests.support.people import PASSWORD, SETUP, send
from tests.support.subscriptions import with_mail
from webapp import clock
from webapp.api.jobs import legacy_cron_jobs
from webapp.domain.scheduling.cron_addresses import CRON_ADDRESSES
from webapp.domain.states import RunStatus
from webapp.jobs.run_job import run_here
from webapp.models import Run, RunItem, Schedule
from webapp.runtime import Runtime
from webapp.services.scheduling import schedules, slots

SECRET = "the-token-of-the-outside-scheduler"
CALLED = {"Authorization": f"Bearer {SECRET}"}
ADDRESS, JOB = "/api/admin/cleanup", "clean_up_data"


@pytest.fixture
def cron(web: Flask, place: Runtime, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Who calls a desk that has the token of cron set."""
    monkeypatch.setattr(place.settings, "cron_secret_token", SECRET)
    return web.test_client()


@pytest.fixture
def worker(place: Runtime) -> Iterator[None]:
    """What carries out each run that is queued."""
    stopped = threading.Event()

    def work() -> None:
        while not stopped.wait(0.02):
            with place.db.reading() as session:
                queued = session.scalars(select(Run.id).where(Run.status == RunStatus.QUEUED)).all()
            for run_id in queued:
                run_here(place, run_id)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stopped.set()
    thread.join()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is kept waiting."""
    monkeypatch.setattr(legacy_cron_jobs, "LONGEST_WAIT", 0.0)


@pytest.mark.parametrize("address", CRON_ADDRESSES)
def test_each_address_answers_as_the_replaced_system_did(
    cron: FlaskClient, worker: None, place: Runtime, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    with_mail(place, monkeypatch)
    answer = cron.get(address, headers=CALLED)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    told = answer.get_json()
    assert list(told) == ["message", "results", "timestamp"]
    assert (told["message"], told["results"]) == ("Job completed", {"processed": 0, "errors": []})
    assert told["timestamp"].endswith("Z")
    assert answer.get_data(as_text=True).startswith('{"message":"Job completed","results":{"processed":0,"errors":[]}')


def test_calls_one_after_the_other_do_the_work_once(cron: FlaskClient, worker: None, place: Runtime) -> None:
    answers = [cron.get(ADDRESS, headers=CALLED), cron.post(ADDRESS, headers=CALLED), cron.get(ADDRESS, headers=CALLED)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len(_ids(place)) == 1


def test_calls_at_once_do_the_work_once(cron: FlaskClient, worker: None, web: Flask, place: Runtime) -> None:
    def call(number: int) -> Any:
        return web.test_client().open(ADDRESS, method=("GET", "POST")[number % 2], headers=CALLED)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(call, range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({str(answer.get_json()["results"]) for answer in answers}) == 1
    assert len(_ids(place)) == 1


def test_a_call_claims_its_slot_so_that_the_schedule_leaves_it(
    cron: FlaskClient, impatient: None, place: Runtime
) -> None:
    _plan_every_hour(place)
    run_id = _called(cron)
    with place.db.transaction() as session:
        run, schedule = session.get_one(Run, run_id), session.get_one(Schedule, JOB)
        assert run.slot is not None
        assert schedule.next_slot is not None
        assert run.slot <= run.at < schedule.next_slot  # What is due by now is done, not only what was due then.
        assert slots.claim(session, JOB, clock.now()) == []
    assert _ids(place) == [run_id]


def test_what_the_schedule_did_already_is_told_and_not_done_again(
    cron: FlaskClient, impatient: None, place: Runtime
) -> None:
    _plan_every_hour(place)
    with place.db.transaction() as session:
        made = slots.claim(session, JOB, clock.now())
    assert [_called(cron)] == made


def test_a_slot_that_was_missed_is_made_up_for_once(cron: FlaskClient, impatient: None, place: Runtime) -> None:
    _plan_every_hour(place, catch_up="skip", grace_seconds=0)
    with place.db.transaction() as session:
        assert slots.claim(session, JOB, clock.now()) == []
    first, again = _called(cron), _called(cron)
    assert first == again
    assert len(_ids(place, Run.status == RunStatus.MISSED)) == 1


def test_calls_at_once_make_up_for_a_missed_slot_once(
    cron: FlaskClient, impatient: None, web: Flask, place: Runtime
) -> None:
    _plan_every_hour(place, catch_up="skip", grace_seconds=0)
    with place.db.transaction() as session:
        assert slots.claim(session, JOB, clock.now()) == []
    together = threading.Barrier(4)

    def call(_number: int) -> int:
        together.wait()
        return _called(web.test_client())

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(call, range(4)))) == 1


def test_a_run_that_broke_down_is_told_as_such_and_the_next_call_makes_another(
    cron: FlaskClient, impatient: None, place: Runtime
) -> None:
    first = _called(cron)
    _end(place, first, RunStatus.FAILED)
    second = _called(cron)
    assert second != first
    _end(place, second, RunStatus.LOST)
    assert _called(cron) not in (first, second)


def test_a_run_that_breaks_down_while_its_caller_waits_is_told_as_an_error(
    cron: FlaskClient, monkeypatch: pytest.MonkeyPatch, place: Runtime
) -> None:
    monkeypatch.setattr(legacy_cron_jobs, "_look", lambda runtime, run_id: _end(runtime, run_id, RunStatus.FAILED))
    answer = cron.get(ADDRESS, headers=CALLED)
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert "The disk is full." in answer.get_json()["detail"]


def test_each_item_that_failed_is_named(cron: FlaskClient, impatient: None, place: Runtime) -> None:
    run_id = _called(cron)
    _end(place, run_id, RunStatus.FAILED, error=None, processed=3, failed=2)
    with place.db.transaction() as session:
        for item in (7, 9):
            session.add(RunItem(run_id=run_id, subject_kind="tenant", subject_id=item, outcome="failed", message="No."))
    told = cron.get(ADDRESS, headers=CALLED).get_json()
    assert told["results"] == {"processed": 3, "errors": ["tenant 7: No.", "tenant 9: No."]}
    assert len(_ids(place)) == 1


def test_a_run_that_lacked_what_it_needs_says_so(cron: FlaskClient, impatient: None, place: Runtime) -> None:
    _end(place, _called(cron), RunStatus.SKIPPED, error="No SMTP_URL is set.")
    told = cron.get(ADDRESS, headers=CALLED).get_json()
    assert told["results"] == {"processed": 0, "errors": ["No SMTP_URL is set."]}


def test_only_the_first_of_very_many_errors_are_named(
    cron: FlaskClient, impatient: None, place: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(legacy_cron_jobs, "_MOST_ERRORS", 1)
    run_id = _called(cron)
    _end(place, run_id, RunStatus.PARTIAL, error=None, processed=3, failed=2)
    with place.db.transaction() as session:
        for item in (7, 9):
            session.add(RunItem(run_id=run_id, subject_kind="tenant", subject_id=item, outcome="failed", message="No."))
    errors = cron.get(ADDRESS, headers=CALLED).get_json()["results"]["errors"]
    assert errors == ["tenant 7: No.", f"and 1 more: /api/v1/runs/{run_id}"]


def test_who_waited_long_enough_is_told_where_the_run_is(cron: FlaskClient, impatient: None, place: Runtime) -> None:
    answer = cron.get(ADDRESS, headers=CALLED)
    [run_id] = _ids(place)
    told = answer.get_json()
    assert (answer.status_code, answer.headers["Location"]) == (202, f"/api/v1/runs/{run_id}")
    assert (list(told), told["run"]) == (["message", "run", "timestamp"], f"/api/v1/runs/{run_id}")
    assert cron.get(told["run"], headers=CALLED).get_json()["status"] == "queued"


def test_a_call_waits_no_longer_than_the_replaced_system_let_it() -> None:
    assert legacy_cron_jobs.LONGEST_WAIT == 25


def test_a_paused_job_is_not_run_by_a_call(cron: FlaskClient, impatient: None, place: Runtime) -> None:
    with place.db.transaction() as session:
        schedules.pause(session, JOB, "The tables are being moved.", actor=SETUP, at=clock.now())
    answer = cron.get(ADDRESS, headers=CALLED)
    assert answer.status_code == 409
    assert "The tables are being moved." in answer.get_json()["detail"]
    assert _ids(place) == []


def test_what_the_demo_tells_of_the_past_is_no_work(cron: FlaskClient, impatient: None, place: Runtime) -> None:
    told = _called(cron)
    with place.db.transaction() as session:
        session.execute(update(Run).values(status=RunStatus.SUCCEEDED, demo=True))
    mine = _called(cron)
    assert mine != told
    assert _called(cron) == mine


def test_dry_runs_and_runs_of_people_claim_nothing(cron: FlaskClient, impatient: None, place: Runtime) -> None:
    by_hand = [run_job_now(place, JOB).id, run_job_now(place, JOB, dry_run=True).id]
    assert _called(cron) not in by_hand


def test_the_token_of_cron_alone_opens_it(
    cron: FlaskClient, impatient: None, caller: Caller, place: Runtime, web: Flask
) -> None:
    person = web.test_client()
    assert send(person, "/sign-in", email="admin@desk.example", password=PASSWORD).status_code == 303
    jobs = caller("jobs", "read")._headers
    wrong: list[dict[str, str]] = [{}, jobs, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {SECRET}"}]
    callers = [(cron, headers) for headers in wrong] + [(person, {})]
    for address in CRON_ADDRESSES:
        for client, headers in callers:
            for method in ("GET", "POST"):
                answer = client.open(address, method=method, headers=headers)
                assert (answer.status_code, answer.content_type) == (401, "application/problem+json"), headers
    assert _ids(place) == []


def test_without_a_token_set_nobody_may_call(web: Flask, place: Runtime) -> None:
    client = web.test_client()
    tried: list[dict[str, str]] = [{}, CALLED, {"Authorization": "Bearer "}]
    for headers in tried:
        for method in ("GET", "POST"):
            answer = client.open(ADDRESS, method=method, headers=headers)
            assert answer.status_code == 503
            assert "CRON_SECRET_TOKEN" in answer.get_json()["detail"]
    assert _ids(place) == []


def test_asking_for_the_head_starts_nothing(cron: FlaskClient, place: Runtime) -> None:
    refused = cron.head(ADDRESS, headers=CALLED)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, POST")
    assert cron.options(ADDRESS).status_code == 401
    assert _ids(place) == []


def _plan_every_hour(place: Runtime, **more: Any) -> None:
    """A plan that has just begun to be due: its slot of this hour is nobody's yet."""
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    with place.db.transaction() as session:
        begun = {"since": hour - timedelta(minutes=1), "next_slot": hour, "cron": "0 * * * *"}
        session.execute(update(Schedule).where(Schedule.job == JOB).values(**begun | more))


def _called(cron: FlaskClient) -> int:
    """The run that a call is told of when it does not wait."""
    answer = cron.get(ADDRESS, headers=CALLED)
    assert answer.status_code == 202, answer.text
    return int(answer.get_json()["run"].rpartition("/")[2])


def _end(place: Runtime, run_id: int, status: str, *, error: str | None = "The disk is full.", **counts: int) -> Run:
    with place.db.transaction() as session:
        session.execute(update(Run).where(Run.id == run_id).values(status=status, error=error, **counts))
        return session.get_one(Run, run_id)


def _ids(place: Runtime, *which: Any) -> list[int]:
    with place.db.reading() as session:
        return list(session.scalars(select(Run.id).where(Run.job == JOB, *which).order_by(Run.id)))
