"""The page of the audit chain: what the last walk found, and a walk that is started from it."""

from collections.abc import Callable

from flask.testing import FlaskClient

from tests.services.audit.test_seals import records, tampered
from tests.support.job_runs import run_job_now
from tests.support.people import send
from webapp.jobs.periodic.verify import AUDIT_JOB
from webapp.runtime import Runtime

SignIn = Callable[..., FlaskClient]


def test_it_says_what_the_last_walk_found_and_who_may_start_one(desk: Runtime, sign_in: SignIn) -> None:
    viewer, operator = sign_in("viewer"), sign_in("operator")
    assert "The chain was not walked yet" in viewer.get("/audit/verify").text
    assert viewer.get("/audit/verify/now").status_code == 403
    records(desk)
    run = run_job_now(desk, AUDIT_JOB)
    page = viewer.get("/audit/verify").text
    assert "The last walk found nothing wrong." in page
    assert f'href="/runs/{run.id}"' in page
    assert send(operator, "/audit/verify/now", from_first="y").status_code == 303
    waiting = operator.get("/audit/verify").text
    assert f"Run {run.id + 1} is at it." in waiting


def test_what_is_wrong_is_named(desk: Runtime, sign_in: SignIn) -> None:
    records(desk)
    tampered(desk, "UPDATE audit SET reason = 'So.' WHERE id = 3")
    run_job_now(desk, AUDIT_JOB)
    page = sign_in("viewer").get("/audit/verify").text
    assert "a record was changed." in page
    assert "nothing wrong" not in page
