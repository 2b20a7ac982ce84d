"""Reports over HTTP: listed, read, downloaded, and made by a run."""

import hashlib
from datetime import UTC, timedelta
from typing import Any

import pytest

from tests.api.conftest import Caller
from tests.support.market import DIVINE, Market
from webapp import clock
from webapp.domain.reports.periods import ReportKind, ReportPeriod, last_complete
from webapp.jobs.run_job import run_here
from webapp.runtime import Runtime
from webapp.services.reports import reports

ADDRESS = "/api/v1/reports"


@pytest.fixture
def made(place: Runtime) -> ReportPeriod:
    """A weekly and a monthly report; something was held in the week."""
    week = last_complete(ReportKind.WEEKLY, clock.now())
    with place.db.transaction() as session:
        Market(session, place, at=week.begins).escrow(250_000, currency="NGN")
    for kind in (ReportKind.WEEKLY, ReportKind.MONTHLY):
        with place.db.transaction() as session:
            draft = reports.draft(session, kind, last_complete(kind, clock.now()), at=clock.now(), maker="Ada")
            reports.keep(session, draft, actor=DIVINE)
    return week


def test_reports_are_listed_read_and_downloaded(caller: Caller, made: ReportPeriod) -> None:
    api = caller("reports")
    first = api.get(ADDRESS, limit=1).json
    assert [each["kind"] for each in first["data"]] == ["monthly"]
    second = api.get(ADDRESS, limit=1, cursor=first["next_cursor"]).json
    assert [each["kind"] for each in second["data"]] == ["weekly"]
    assert second["next_cursor"] is None
    [weekly] = api.get(ADDRESS, kind="weekly").json["data"]
    assert (weekly["first_day"], weekly["last_day"], weekly["made_by"]) == (str(made.first), str(made.last), "Ada")
    whole = api.get(f"{ADDRESS}/{weekly['id']}").json
    [held] = whole["figures"]["currencies"]
    assert (held["currency"], held["held_at_end"], held["moved"]["held"]) == ("NGN", 250_000, 250_000)
    assert {name: value for name, value in whole.items() if name != "figures"} == weekly
    for file in weekly["files"]:
        answer = api.get(f"{ADDRESS}/{weekly['id']}/files/{file['format']}")
        assert answer.content_type == reports.FORMATS[file["format"]]
        assert (len(answer.data), hashlib.sha256(answer.data).hexdigest()) == (file["size"], file["sha256"])
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Disposition"].endswith(f'{made.last}.{file["format"]}"')
    assert api.get(f"{ADDRESS}/{weekly['id']}/files/exe").status_code == 404
    assert api.get(f"{ADDRESS}/999").status_code == 404


def test_one_of_any_days_is_made_by_a_run(caller: Caller, place: Runtime) -> None:
    api = caller("reports")
    today = clock.now().astimezone(UTC).date()
    days: dict[str, Any] = {"from": str(today - timedelta(days=2)), "to": str(today - timedelta(days=1))}
    answer = api.post(ADDRESS, days)
    assert (answer.status_code, answer.headers["Location"]) == (202, f"/api/v1/runs/{answer.json['id']}")
    assert run_here(place, answer.json["id"]).status == "succeeded"
    [report] = api.get(ADDRESS, kind="custom").json["data"]
    assert (report["first_day"], report["last_day"]) == (days["from"], days["to"])
    assert report["run_id"] == answer.json["id"]
    wrong = api.post(ADDRESS, days | {"to": str(today)})
    assert (wrong.status_code, wrong.json["errors"]) == (422, {"to": "It is not over yet, in UTC."})
    assert api.get(f"/api/v1/runs/{answer.json['id']}").status_code == 200
    assert api.post("/api/v1/jobs/auto_deduct/trigger").status_code == 403, "its scope runs nothing else"
    assert caller("read").post(ADDRESS, days).status_code == 403
