"""Failed runs: found by job, error and day, retried and taken off the list, one, a page or all that match."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.admin.jobs.test_job_pages import run_of
from tests.support.people import send
from webapp import clock
from webapp.jobs import registry
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_here
from webapp.models import Audit, Run, RunItem
from webapp.runtime import Runtime
from webapp.services.scheduling import bulk_actions, runs
from webapp.services.scheduling.bulk_actions import RunFilter

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def failed(desk: Runtime) -> dict[str, int]:
    """Runs that went wrong, by what is the matter with them, and two that did not."""
    register_jobs(desk)
    old = clock.now() - timedelta(days=5)
    run_of(desk, "watch")
    run_of(desk, "watch", status="failed", error="Timeout of a dry run", dry_run=True)
    made = {
        "timeout": run_of(desk, "watch", status="failed", error="The database TIMEOUT was reached."),
        "lost": run_of(desk, "verify_books", status="lost", error="Its process was not heard of."),
        "old": run_of(desk, "watch", status="failed", error="timeout long ago", created_at=old),
    }
    with desk.db.transaction() as session:
        items = {"run_id": made["timeout"], "subject_kind": "run", "subject_id": 1, "outcome": "failed", "message": ""}
        session.add(RunItem(**items))
        session.execute(update(Run).where(Run.id == made["timeout"]).values(failed=1))
    return made


def listed(client: FlaskClient, query: str = "") -> set[int]:
    """The runs that the list shows."""
    table = client.get(f"/failed-runs/?{query}").text.partition("<tbody>")[2].partition("</tbody>")[0]
    return {int(part.partition('"')[0]) for part in table.split('href="/runs/')[1:]}


def job_title_of(job: str) -> str:
    """What a job does, in words."""
    return registry()[job].title


def carried_out(desk: Runtime, answer: Any) -> Run:
    """The run of its own that an action for many begins."""
    assert answer.status_code == 303, answer.text
    return run_here(desk, int(answer.headers["Location"].rpartition("/")[2]))


def test_failed_runs_are_found_by_job_error_and_day(failed: dict[str, int], sign_in: SignIn) -> None:
    viewer = sign_in("viewer")
    today = clock.now().date()
    assert listed(viewer) == set(failed.values())
    assert listed(viewer, "job=verify_books") == {failed["lost"]}
    assert listed(viewer, "q=timeout") == {failed["timeout"], failed["old"]}
    assert listed(viewer, f"since={today - timedelta(days=1)}&q=timeout") == {failed["timeout"]}
    assert listed(viewer, f"until={today - timedelta(days=2)}") == {failed["old"]}
    assert listed(viewer, "q=100%25") == set()
    assert "Retry all that match" not in viewer.get("/failed-runs/").text
    assert len(viewer.get("/failed-runs/export.csv?q=timeout").text.strip().splitlines()) == 3


def test_all_that_match_leave_the_list_by_a_run_that_is_on_record(
    desk: Runtime, failed: dict[str, int], sign_in: SignIn
) -> None:
    operator = sign_in("operator")
    page = operator.get("/failed-runs/remove?q=timeout").text
    assert "Runs</dt>" in page
    assert ">2<" in "".join(page.split())
    done = carried_out(desk, send(operator, "/failed-runs/remove?q=timeout"))
    assert (done.status, done.succeeded, done.failed, done.total) == ("succeeded", 2, 0, 2)
    assert listed(operator) == {failed["lost"]}
    with desk.db.reading() as session:
        records = session.scalars(select(Audit).where(Audit.action == "run.dismiss")).all()
        assert {record.subject_id for record in records} == {failed["timeout"], failed["old"]}
        assert {record.actor_name for record in records} == {"The operator"}
        assert runs.get(session, failed["old"]).status == "failed"


def test_one_is_retried_and_leaves_the_list(desk: Runtime, failed: dict[str, int], sign_in: SignIn) -> None:
    operator = sign_in("operator")
    done = carried_out(desk, send(operator, f"/failed-runs/retry?ids={failed['timeout']}"))
    assert (done.succeeded, done.failed, done.skipped) == (1, 0, 0)
    with desk.db.reading() as session:
        retry = session.scalars(select(Run).where(Run.parent_id == failed["timeout"])).one()
        assert (retry.trigger, retry.by_name) == ("retry", "The operator")
    assert listed(operator) == {failed["lost"], failed["old"]}


def test_what_can_not_be_read_means_nothing_and_not_more(
    desk: Runtime, failed: dict[str, int], sign_in: SignIn
) -> None:
    operator = sign_in("operator")
    assert "Write a day" in operator.get("/failed-runs/remove?since=soon").text
    refused = send(operator, "/failed-runs/remove?since=soon")
    assert refused.status_code == 422
    done = carried_out(desk, send(operator, "/failed-runs/remove?ids=x,"))
    assert (done.succeeded, done.total) == (0, 0)
    assert listed(operator) == set(failed.values())


def test_who_may_not_run_jobs_removes_none(failed: dict[str, int], sign_in: SignIn) -> None:
    viewer = sign_in("viewer")
    assert viewer.get("/failed-runs/remove").status_code == 403
    assert listed(viewer) == set(failed.values())


def test_so_many_are_counted_and_no_more(
    desk: Runtime, failed: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_actions, "MOST", 1)
    with desk.db.reading() as session:
        assert bulk_actions.how_many(session, "dismiss", RunFilter()) == 2
        assert bulk_actions.matching(session, {"action": "dismiss"}) == [failed["old"]]


def test_jobs_are_told_by_their_titles_and_found_by_them(failed: dict[str, int], sign_in: SignIn) -> None:
    viewer = sign_in("viewer")
    page = viewer.get("/failed-runs/").text
    assert f"{job_title_of('verify_books')}</a> <small>verify_books</small>" in page
    assert listed(viewer, f"q={job_title_of('verify_books')[:9]}") == {failed["lost"]}
    assert listed(viewer, "q=verify_b") == {failed["lost"]}


def test_what_the_words_of_a_title_found_is_what_is_taken_off(
    desk: Runtime, failed: dict[str, int], sign_in: SignIn
) -> None:
    operator = sign_in("operator")
    done = carried_out(desk, send(operator, "/failed-runs/remove?q=verify_books"))
    assert (done.succeeded, done.total) == (1, 1)
    assert listed(operator) == {failed["timeout"], failed["old"]}


def test_runs_that_wait_are_cancelled_and_those_that_do_not_stay(
    desk: Runtime, failed: dict[str, int], sign_in: SignIn
) -> None:
    waiting, other = (run_of(desk, job, status="queued", finished_at=None) for job in ("watch", "verify_books"))
    operator = sign_in("operator")
    assert listed(operator, "tab=waiting") == {waiting, other}
    assert "Cancel…" not in operator.get("/failed-runs/").text
    page = operator.get("/failed-runs/cancel?tab=waiting&job=watch").text
    assert ">1<" in "".join(page.split())
    assert sign_in("agent").get("/failed-runs/cancel?tab=waiting").status_code == 403
    done = carried_out(desk, send(operator, "/failed-runs/cancel?tab=waiting&job=watch"))
    assert (done.succeeded, done.failed, done.total) == (1, 0, 1)
    assert listed(operator, "tab=waiting") == {other}
    with desk.db.reading() as session:
        assert runs.get(session, failed["timeout"]).error == "The database TIMEOUT was reached."
        assert runs.get(session, waiting).error == "The operator cancelled it before it began."


def test_a_run_that_does_what_was_asked_for_many_is_called_so(
    desk: Runtime, failed: dict[str, int], sign_in: SignIn
) -> None:
    operator = sign_in("operator")
    done = carried_out(desk, send(operator, f"/failed-runs/remove?ids={failed['old']}"))
    title = f"Take failed runs off the list · Run {done.id}"
    assert f"<h1>{title}</h1>" in operator.get(f"/runs/{done.id}").text
    assert "Take failed runs off the list" in operator.get("/jobs/purge_expired").text
