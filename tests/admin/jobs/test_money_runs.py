"""A run that moves money says first what it would move; a retry says what became of each item that had failed."""

import html
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from tests.support.job_runs import run_job_now
from tests.support.market import DIVINE, Market
from tests.support.people import send
from webapp import clock
from webapp.jobs.engine import chunks
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_here
from webapp.models import Run, RunItem
from webapp.runtime import Runtime
from webapp.services.alerts import alerts
from webapp.services.alerts.alerts import AlertFinding
from webapp.services.common import batch_result, kill_switch
from webapp.services.scheduling import dry_runs, runs, schedules

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def due(desk: Runtime) -> Runtime:
    """A desk on which three escrows of two sellers are due, in two currencies."""
    register_jobs(desk)
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now() - timedelta(days=8))
        ngozi = market.party("Ngozi")
        market.escrow(1_000_00, seller=ngozi)
        market.escrow(2_000_00, seller=ngozi)
        market.escrow(500, currency="KES", seller=market.party("Wanjiku", currency="KES"))
    return desk


def page_of(client: FlaskClient, job: str = "auto_release") -> str:
    """The page before the run, as people read it."""
    return html.unescape(client.get(f"/jobs/{job}/run").text).replace("\xa0", " ")


def test_the_button_names_what_the_dry_run_would_move_and_to_how_many(due: Runtime, sign_in: SignIn) -> None:
    operator = sign_in("operator")
    assert "No dry run says yet what it would move." in page_of(operator)
    assert run_job_now(due, "auto_release", dry_run=True).parties == 2

    page = page_of(operator)

    assert "Release KES 5.00 and NGN 3,000.00 to 2 sellers" in page
    assert "less than a minute ago" in page.partition("Dry run</dt>")[2]
    assert page.count("autofocus>Cancel") == 1
    answer = send(operator, "/jobs/auto_release/run")
    with due.db.reading() as session:
        run = runs.get(session, int(answer.headers["Location"].rpartition("/")[2]))
    assert run_here(due, run.id).amounts == {"KES": 500, "NGN": 300_000}


def test_figures_that_are_old_or_overtaken_name_no_button(due: Runtime, sign_in: SignIn) -> None:
    operator = sign_in("operator")
    dry = run_job_now(due, "auto_release", dry_run=True)
    with due.db.transaction() as session:
        ago = clock.now() - dry_runs.FRESH - timedelta(minutes=1)
        session.execute(update(Run).where(Run.id == dry.id).values(started_at=ago))
    old = page_of(operator)
    assert "older than an hour" in old
    assert "Release KES" not in old

    run_job_now(due, "auto_release", dry_run=True)
    assert "Release KES" in page_of(operator)
    done = run_job_now(due, "auto_release")
    overtaken = page_of(operator)
    assert f"Run {done.id} was made since" in overtaken
    assert "Release KES" not in overtaken

    run_job_now(due, "auto_release", dry_run=True)
    assert "By the newest dry run it would move nothing now." in page_of(operator)


def test_a_dry_run_of_another_instant_names_no_sums_of_now(due: Runtime) -> None:
    run_job_now(due, "auto_release", dry_run=True, at=clock.now() + timedelta(days=3))
    with due.db.reading() as session:
        assert dry_runs.newest(session, "auto_release", clock.now()) is None


def test_while_money_is_stopped_nothing_leaves_and_the_verdict_is_red(due: Runtime, sign_in: SignIn) -> None:
    operator = sign_in("operator")
    run_job_now(due, "auto_release", dry_run=True)
    flowing = operator.get("/").text
    assert "due, and nothing freezes them" in flowing
    with due.db.transaction() as session:
        kill_switch.stop(session, "Fraud wave.", at=clock.now(), actor=DIVINE)

    assert "Release KES" not in page_of(operator)
    overview = html.unescape(operator.get("/").text)
    verdict = overview.partition('class="status-banner bad"')[2].partition("</section>")[0]
    assert "Outgoing money is stopped by Divine since <time" in verdict
    assert "outgoing money is stopped; what is due waits" in overview
    assert "due, and nothing freezes them" not in overview


@pytest.mark.parametrize(("job", "asks"), [("auto_release", True), ("verify_books", False)])
def test_only_jobs_that_move_money_ask_before_they_start(due: Runtime, sign_in: SignIn, job: str, asks: bool) -> None:
    operator = sign_in("operator")
    for address in ("/jobs/", f"/jobs/{job}"):
        page = operator.get(address).text
        assert (f'href="/jobs/{job}/run"' in page) == asks
        assert (f'action="/jobs/{job}/run"' in page) == (not asks)
        assert f'action="/jobs/{job}/dry-run"' in page
    assert 'action="/jobs/verify_books/dry-run"' not in page_of(operator, "verify_books")


def test_parties_are_counted_once_and_not_without_end(due: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 1)
    assert run_job_now(due, "auto_release", dry_run=True).parties == 2
    monkeypatch.setattr(chunks, "MOST_PARTIES", 1)
    assert run_job_now(due, "auto_release", dry_run=True).parties == 2
    monkeypatch.setattr(chunks, "MOST_PARTIES", 0)
    assert run_job_now(due, "auto_release", dry_run=True).parties == 1
    assert batch_result.MOST_PARTIES == 10_000


def test_a_retry_tells_what_became_of_each_and_leaves_the_night_in_its_row(due: Runtime, sign_in: SignIn) -> None:
    night = run_job_now(due, "auto_release", at=clock.now() - timedelta(days=30))
    with due.db.transaction() as session:
        values = {"at": clock.now(), "status": "partial", "succeeded": 7, "failed": 3, "processed": 10}
        session.execute(update(Run).where(Run.id == night.id).values(**values))
        for escrow_id, why in ((1, "Locked."), (2, "Busy."), (99, "Gone.")):
            item = {"subject_kind": "escrow", "subject_id": escrow_id, "outcome": "failed", "message": why}
            session.add(RunItem(run_id=night.id, **item))
    operator = sign_in("operator")
    retry = int(send(operator, f"/runs/{night.id}/retry").headers["Location"].rpartition("/")[2])
    waiting = operator.get(f"/runs/{retry}").text
    assert waiting.count("its turn comes") == 3
    run_here(due, retry)

    page = operator.get(f"/runs/{retry}").text.partition(f"What became of what failed in run {night.id}")[2]
    rows = page.partition("</table>")[0].split("<tr>")[2:]
    assert ["done" in row for row in rows] == [True, True, False]
    assert "Locked." in rows[0]
    assert "did not fail again" in rows[2]
    with due.db.reading() as session:
        found = schedules.health_of(session, "auto_release", clock.now())
        assert (found.last_run and found.last_run.id, found.last_retry and found.last_retry.id) == (night.id, retry)
        assert runs.items(session, retry) == []
    row = operator.get("/jobs/").text.partition('href="/jobs/auto_release"')[2].partition('class="card job"')[0]
    assert "7 done, 3 failed, 0 skipped" in row
    assert "2 done, 0 failed, 0 skipped" in row


def test_an_empty_desk_claims_nothing_and_counts_what_waits_for_whom(desk: Runtime, sign_in: SignIn) -> None:
    register_jobs(desk)
    admin, viewer = sign_in("admin"), sign_in("viewer")
    page = admin.get("/").text
    assert "jobs are planned; none has run yet." in page
    assert "jobs on time" not in page
    assert "No orders yet." in page
    assert "Nothing waits for you" in page
    with desk.db.transaction() as session:
        market = Market(session, desk)
        for _ in range(7):
            market.escrow().blocked = "no wallet"
        findings = {subject: AlertFinding("It is silent.") for subject in ("a", "b")}
        alerts.sync(session, "silent", "page", findings, clock.now())
    page = admin.get("/").text
    assert "No orders yet." not in page
    assert "blocked escrows 7" in page
    assert page.count("blocked: no wallet") == 3, "of the five most urgent two are alerts"
    assert "2 urgent" in page
    theirs = viewer.get("/").text
    assert "2 urgent" in theirs
    assert "blocked: no wallet" not in theirs
    assert "Nothing waits for you" in theirs
