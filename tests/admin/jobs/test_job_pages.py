"""Jobs, runs, queues and alerts: what they show, and what they let people do."""

import html
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, insert, select

from tests.support.people import hidden, send
from tests.support.read_back import unresolved_alerts
from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.alert_definitions import PAYOUT_FAILED
from webapp.domain.permissions import ROLES
from webapp.jobs import registry
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_job
from webapp.models import Alert, Audit, Run, RunItem, Schedule
from webapp.runtime import Runtime
from webapp.services.alerts import alerts
from webapp.services.alerts.alerts import AlertFinding
from webapp.services.scheduling import processes, runs, schedules

SignIn = Callable[..., FlaskClient]
OPERATOR = Actor("user", 7, "Olu", ROLES["admin"])


@pytest.fixture
def clocked(desk: Runtime) -> Runtime:
    """A desk whose jobs are planned."""
    register_jobs(desk)
    return desk


@contextmanager
def counted(runtime: Runtime) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    said: list[str] = []
    event.listen(runtime.db.engine, "before_cursor_execute", lambda *a: said.append(str(a[2])))
    yield said


def run_of(runtime: Runtime, job: str, **changes: Any) -> int:
    """A run as a row."""
    now = clock.now()
    row = {
        "job": job,
        "at": now,
        "trigger": "manual",
        "by": "user:7",
        "by_name": "Olu",
        "status": "succeeded",
        "created_at": now,
        "started_at": now,
        "finished_at": now,
        "amounts": {"NGN": 250_000},
    }
    with runtime.db.transaction() as session:
        made = session.scalars(insert(Run).values(**row | changes).returning(Run.id)).one()
    return int(made)


def test_every_job_is_shown_with_its_words(clocked: Runtime, sign_in: SignIn) -> None:
    page = sign_in("viewer").get("/jobs").text
    for name in ("auto_release", "auto_deduct", "verify_books", "watch", "purge_expired"):
        assert name in page
    assert "At 02:00 every day, Africa/Nairobi" in page
    assert "Run now" not in page


def test_a_job_is_called_by_its_title_everywhere_and_found_by_title_and_by_name(
    clocked: Runtime, sign_in: SignIn
) -> None:
    run_id = run_of(clocked, "auto_release", status="queued", started_at=None, finished_at=None)
    viewer = sign_in("viewer")
    title = "Pay sellers whose time has come"
    for address in ("/", "/jobs/", "/jobs/auto_release", f"/runs/{run_id}", "/queues/", "/tonight/"):
        page = viewer.get(address).text.partition("<main")[2]
        assert title in page, address
        assert "auto_release" in page, address
    for words in ("sellers", "auto_rel"):
        found = json.loads(viewer.get(f"/search.json?q={words}").data)["results"]
        assert {"url": "/jobs/auto_release", "label": title, "kind": "job", "note": "auto_release"} in found
        assert len([each for each in found if each["url"] == "/jobs/auto_release"]) == 1


def test_a_job_of_another_version_is_called_by_its_name(clocked: Runtime, sign_in: SignIn) -> None:
    run_id = run_of(clocked, "sweep_the_yard")
    assert "<h1>" in (page := sign_in("viewer").get(f"/runs/{run_id}").text)
    assert "sweep_the_yard" in page


def test_a_process_whose_clock_is_wrong_says_so_in_its_row(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        processes.beat(session, processes.WORKER, clock.now(), skew=timedelta(minutes=-5))
        processes.beat(session, processes.WEB, clock.now(), skew=timedelta(milliseconds=200))
    page = html.unescape(sign_in("viewer").get("/queues").text)
    assert "'s clock is 300.0 s behind the database's" in page
    assert "+0.2 s" in page


def test_an_empty_desk_says_what_would_be_there(sign_in: SignIn, desk: Runtime) -> None:
    client = sign_in("viewer")
    assert "No job is planned yet" in client.get("/jobs").text
    assert "Nothing waits" in client.get("/queues").text
    assert "No process has been heard of" in client.get("/queues").text
    assert "Redis does not answer" in client.get("/queues").text
    assert "Nothing is firing" in client.get("/alerts").text


def test_run_now_makes_one_run_and_shows_it(clocked: Runtime, sign_in: SignIn) -> None:
    operator = sign_in("operator")
    answer = send(operator, "/jobs/auto_release/run")
    assert answer.status_code == 303
    page = operator.get(answer.headers["Location"]).text
    assert "queued" in page
    second = send(operator, "/jobs/auto_release/run")
    assert second.status_code == 409
    assert "is queued. Wait for it to end." in second.text
    with clocked.db.reading() as session:
        made = runs.history(session, job="auto_release")
    assert [(run.by_name, run.trigger) for run in made] == [("The operator", "manual")]
    run_job(clocked, made[0].id)
    assert "succeeded" in operator.get(answer.headers["Location"]).text


@pytest.mark.parametrize("action", ["run", "dry-run", "pause", "change"])
def test_a_viewer_is_refused(clocked: Runtime, sign_in: SignIn, action: str) -> None:
    client = sign_in("viewer")
    token = hidden(client.get("/profile").text)["csrf_token"]
    answer = client.post(f"/jobs/auto_release/{action}", data={"csrf_token": token, "why": "x"})
    assert answer.status_code == 403
    with clocked.db.reading() as session:
        assert not runs.history(session)
        assert schedules.get(session, "auto_release").paused_at is None


def test_a_pause_needs_a_reason_and_is_shown(clocked: Runtime, sign_in: SignIn) -> None:
    operator = sign_in("operator")
    assert send(operator, "/jobs/auto_deduct/pause").status_code == 422
    assert send(operator, "/jobs/auto_deduct/pause", why="The bank is closed.").status_code == 303
    assert "The bank is closed." in operator.get("/jobs").text
    assert send(operator, "/jobs/auto_deduct/resume").status_code == 303
    with clocked.db.reading() as session:
        assert schedules.get(session, "auto_deduct").paused_at is None


def change(client: FlaskClient, job: str, step: str, **fields: Any) -> Any:
    """Send the form of the schedule with what it shows, and these changes."""
    shown = client.get(f"/jobs/{job}/change").text
    with_all = hidden(shown) | {
        "cron": "0 2 * * *",
        "zone": "Africa/Nairobi",
        "grace_seconds": 3600,
        "max_duration_seconds": 600,
        "long_run_seconds": 300,
        "failed_items_percent": 10,
        "catch_up": "once",
    }
    return client.post(f"/jobs/{job}/change", data=with_all | fields | {"step": step})


def test_a_schedule_is_previewed_before_it_is_saved(clocked: Runtime, sign_in: SignIn) -> None:
    admin = sign_in("admin")
    previewed = change(admin, "auto_release", "preview", cron="15 4 * * *")
    assert previewed.status_code == 200
    assert previewed.text.count("<li><time") == 5
    with clocked.db.reading() as session:
        assert schedules.get(session, "auto_release").cron == "0 2 * * *"
    assert change(admin, "auto_release", "save", cron="15 4 * * *").status_code == 303
    with clocked.db.reading() as session:
        assert schedules.get(session, "auto_release").cron == "15 4 * * *"
        assert session.scalars(select(Audit.action).where(Audit.action == "schedule.change")).all()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"cron": "99 2 * * *"}, "The minute of the cron expression can&#39;t be"),
        ({"cron": "0 2 30 2 *"}, "No day ever fits"),
        ({"cron": "often"}, "has five parts"),
        ({"zone": "Mars/Olympus"}, "is not a time zone"),
        ({"grace_seconds": 1}, "must be between"),
        ({"grace_seconds": "soon"}, "Not a valid integer"),
    ],
)
@pytest.mark.parametrize("step", ["preview", "save"])
def test_a_schedule_that_cannot_be_is_told_at_its_field(
    clocked: Runtime, sign_in: SignIn, fields: dict[str, Any], sentence: str, step: str
) -> None:
    if step == "preview" and fields == {"grace_seconds": 1}:
        pytest.skip("a preview shows slots; the limits are judged on saving")
    answer = change(sign_in("admin"), "auto_release", step, **fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    with clocked.db.reading() as session:
        assert schedules.get(session, "auto_release").version == 1


def test_a_stale_schedule_is_refused(clocked: Runtime, sign_in: SignIn) -> None:
    admin = sign_in("admin")
    assert change(admin, "auto_release", "save", cron="15 4 * * *").status_code == 303
    stale = change(admin, "auto_release", "save", cron="30 4 * * *", version="1")
    assert stale.status_code == 409
    assert "meanwhile" in stale.text


def test_a_run_names_what_failed_and_retries_it(clocked: Runtime, sign_in: SignIn) -> None:
    run_id = run_of(clocked, "auto_release", status="partial", failed=1, processed=3, succeeded=2, total=3)
    with clocked.db.transaction() as session:
        item = {"run_id": run_id, "subject_kind": "escrow", "subject_id": 5, "outcome": "failed", "message": "Locked."}
        session.execute(insert(RunItem).values(**item))
    operator = sign_in("operator")
    page = operator.get(f"/runs/{run_id}").text
    assert "Locked." in page
    assert "NGN\xa02,500.00" in page
    answer = send(operator, f"/runs/{run_id}/retry")
    assert answer.status_code == 303
    assert f"run {run_id}" in operator.get(answer.headers["Location"]).text
    assert operator.get("/runs/9999").status_code == 404


def test_the_history_is_filtered_and_exported(clocked: Runtime, sign_in: SignIn) -> None:
    good, bad = run_of(clocked, "watch"), run_of(clocked, "watch", status="failed", error="=cmd()")
    client = sign_in("viewer")
    page = client.get("/jobs/watch?status=failed").text
    assert f'href="/runs/{bad}"' in page.split('id="history"')[1]
    assert f'href="/runs/{good}"' not in page.split('id="history"')[1]
    lines = client.get("/jobs/watch/runs.csv").text
    assert "'=cmd()" in lines
    assert len(lines.strip().splitlines()) == 3
    assert "NGN 2500.00" in lines


def test_more_runs_cost_no_more_questions(clocked: Runtime, sign_in: SignIn) -> None:
    client = sign_in("viewer")
    run_of(clocked, "watch")
    for path in ("/jobs", "/", "/jobs/watch"):
        with counted(clocked) as few:
            client.get(path)
        before = len(few)
        for _ in range(20):
            run_of(clocked, "watch")
        few.clear()
        client.get(path)
        assert len(few) <= before + 1, path


def test_many_runs_are_retried_or_cancelled_in_the_background(clocked: Runtime, sign_in: SignIn) -> None:
    operator = sign_in("operator")
    waits = run_of(clocked, "watch", status="queued", started_at=None, finished_at=None)
    asked = send(operator, "/queues/many", action="cancel", job="watch")
    assert asked.status_code == 303
    with clocked.db.reading() as session:
        tidy = runs.history(session, job="purge_expired")[0]
    run_job(clocked, tidy.id)
    with clocked.db.reading() as session:
        assert runs.get(session, waits).status == "failed"
        assert runs.get(session, tidy.id).succeeded == 1
        assert session.scalars(select(Audit.action).where(Audit.action == "run.cancel")).all() == ["run.cancel"]
    assert send(operator, "/queues/many", action="delete", job="").status_code == 422


def test_one_run_that_waits_is_cancelled_and_one_that_ended_is_not(clocked: Runtime, sign_in: SignIn) -> None:
    operator = sign_in("operator")
    waits = run_of(clocked, "watch", status="queued", started_at=None, finished_at=None)
    assert send(operator, f"/queues/{waits}/cancel").status_code == 303
    assert send(operator, f"/queues/{waits}/cancel").status_code == 409


def test_an_alert_is_acknowledged_silenced_and_found(clocked: Runtime, sign_in: SignIn) -> None:
    with clocked.db.transaction() as session:
        alerts.sync(
            session, "no_execution", "page", {"auto_deduct": AlertFinding("auto_deduct has not run.")}, clock.now()
        )
        alert_id = session.scalars(select(Alert.id)).one()
    viewer, operator = sign_in("viewer"), sign_in("operator")
    assert "Acknowledge" not in viewer.get("/alerts").text.split("<table")[1]
    assert send(operator, f"/alerts/{alert_id}/silence", until="2001-01-01T00:00").status_code == 422
    assert send(operator, f"/alerts/{alert_id}/silence", until="2199-01-01T00:00").status_code == 303
    assert "silenced" in operator.get("/alerts").text
    assert send(operator, f"/alerts/{alert_id}/acknowledge").status_code == 303
    assert "The operator" in operator.get("/alerts?tab=acknowledged").text
    assert "auto_deduct has not run." not in operator.get("/alerts").text
    assert operator.get("/alerts/999/acknowledge").status_code == 404


def test_the_first_page_warns_of_a_silent_job_until_it_has_run(clocked: Runtime, sign_in: SignIn) -> None:
    with clocked.db.transaction() as session:
        plan = session.get_one(Schedule, "auto_deduct")
        plan.since, plan.changed_at = clock.now() - timedelta(days=9), clock.now()
    operator = sign_in("operator")
    page = operator.get("/").text
    assert "Take repayments from wallets (auto_deduct) has not run" in page
    assert "(auto_deduct) is late by" in page
    assert "No worker is alive" in page
    run_id = int(send(operator, "/jobs/auto_deduct/run").headers["Location"].rpartition("/")[2])
    run_job(clocked, run_id)
    page = operator.get("/").text
    assert "(auto_deduct) has not run" not in page
    assert f"{len(registry())} jobs are planned, and find nothing to do." in page


def test_alerts_of_facts_have_their_filter_their_words_and_their_end(clocked: Runtime, sign_in: SignIn) -> None:
    operator = sign_in("operator")
    for tab, empty in (("firing", "Nothing is firing"), ("acknowledged", "seen to"), ("resolved", "Nothing is over")):
        assert empty in operator.get(f"/alerts/?tab={tab}").text
    with clocked.db.transaction() as session:
        late = "Payout p-7 was due at 2026-11-24T18:46:00Z."
        alerts.fire(session, PAYOUT_FAILED, "payout schedule p-7", late, clock.now())
        alert_id = unresolved_alerts(session)[0].id
    page = operator.get("/alerts/?rule=payout_failed").text
    assert 'value="chargeback"' in page
    assert "24 November 2026, 18:46 UTC" in page
    assert "T18:46:00Z" not in page.split("<table")[1]
    assert "Payout p-7" in operator.get("/alerts/?q=p-7").text
    assert "Payout p-7" not in operator.get("/alerts/?q=p-8").text
    assert send(operator, f"/alerts/{alert_id}/resolve", reason="Paid in cash.").status_code == 303
    assert "resolved by The operator: Paid in cash." in operator.get("/alerts/?tab=resolved").text
    assert "Paid in cash." in operator.get("/alerts/export.csv?tab=resolved").text


def test_a_job_and_the_queue_say_how_runs_go(clocked: Runtime, sign_in: SignIn) -> None:
    viewer = sign_in("viewer")
    assert "No run has ended yet." in viewer.get("/jobs/watch").text
    now = clock.now()
    for number in range(4):
        begun = now - timedelta(minutes=9 - number)
        made = {"created_at": begun - timedelta(seconds=2), "started_at": begun, "processed": 30}
        run_of(clocked, "watch", **made, finished_at=begun + timedelta(seconds=1 + number // 2))
    run_of(clocked, "watch", status="failed", started_at=None)
    page = html.unescape(viewer.get("/jobs/watch").text)
    assert "4 of the last 5 runs, 80 %" in page
    assert "half within 2.0 s, 95 % within 2.0 s, 99 % within 2.0 s" in page
    assert "2.0 s lately, 1.0 s before" in page
    assert "Length of the last runs, in milliseconds" in page
    queue = html.unescape(viewer.get("/queues/").text)
    assert "half within 1.0 s, 95 % within 2.0 s, 99 % within 2.0 s" in queue
    assert "Items done, failed or skipped: 120." in " ".join(queue.split())
