"""Jobs, runs, tokens and the kept addresses over the API."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.api.conftest import ALL, ON_SQLITE, Api, Caller
from tests.conftest import settings_for
from webapp.app import create_app
from webapp.models import Idempotency, Run
from webapp.runtime import Runtime, build_runtime


def test_a_job_is_triggered_watched_and_not_twice_at_once(api: Api) -> None:
    answer = api.post("/api/v1/jobs/auto_release/trigger", {"dry_run": False})
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/v1/runs/{answer.json['id']}"
    assert api.get(answer.headers["Location"]).json["status"] == "queued"
    second = api.post("/api/v1/jobs/auto_release/trigger")
    assert second.status_code == 409
    assert str(answer.json["id"]) in second.json["detail"]
    assert api.post("/api/v1/jobs/auto_release/trigger", {"dry_run": True}).status_code == 202
    assert api.post("/api/v1/jobs/nothing/trigger").status_code == 404
    future = api.post("/api/v1/jobs/auto_deduct/trigger", {"at": "2999-01-01T00:00:00Z"})
    assert (future.status_code, list(future.json["errors"])) == (422, ["at"])
    listed = api.get("/api/v1/runs", job="auto_release").json["data"]
    assert [each["dry_run"] for each in listed] == [True, False]
    assert api.post(f"/api/v1/runs/{answer.json['id']}/retry").status_code == 409


def test_a_job_is_paused_with_a_reason_and_resumed(api: Api) -> None:
    assert api.post("/api/v1/jobs/auto_deduct/pause").status_code == 422
    paused = api.made("/api/v1/jobs/auto_deduct/pause", {"reason": "The bank is closed."})
    assert (paused["state"], paused["paused_reason"]) == ("paused", "The bank is closed.")
    assert api.post("/api/v1/jobs/auto_deduct/pause", {"reason": "Again."}).status_code == 409
    assert api.made("/api/v1/jobs/auto_deduct/resume", {})["paused"] is False


def test_a_check_of_the_external_ledger_is_asked_what_the_page_asks(caller: Caller, place: Runtime) -> None:
    jobs, path = caller("jobs"), "/api/v1/jobs/check_mirror/trigger"
    since = "2026-11-25T04:00:00Z"
    wrong: list[tuple[str, dict[str, Any], str]] = [
        (path, {"since": since, "send_again": True}, "since"),
        (path, {"since": "yesterday"}, "since"),
        (path, {"since": since, "dry_run": True}, "dry_run"),
        ("/api/v1/jobs/auto_release/trigger", {"send_again": True}, "send_again"),
        ("/api/v1/jobs/auto_deduct/trigger", {"since": since}, "since"),
    ]
    for address, body, field in wrong:
        answer = jobs.post(address, body)
        assert (answer.status_code, list(answer.json["errors"])) == (422, [field]), body
    assert caller("read").post(path, {"send_again": True}).status_code == 403
    for body, asked in (({"since": since}, {"since": since}), ({"send_again": True}, {"send": True}), ({}, None)):
        made = jobs.post(path, body)
        assert made.status_code == 202, made.json
        with place.db.transaction() as session:
            run = session.get_one(Run, made.json["id"])
            assert (run.parameters, run.trigger) == (asked, "api")
            run.status = "succeeded"


def test_scopes_are_kept_apart(caller: Caller) -> None:
    jobs, reader = caller("jobs"), caller("read")
    assert jobs.post("/api/v1/jobs/auto_release/trigger", {"dry_run": True}).status_code == 202
    assert jobs.post("/api/v1/jobs/auto_release/pause", {"reason": "No."}).status_code == 403
    assert jobs.get("/api/v1/escrows").status_code == 403
    assert reader.post("/api/v1/jobs/auto_release/trigger").status_code == 403
    assert caller().post("/api/v1/jobs/auto_release/trigger").status_code == 401


def test_a_token_is_made_shown_once_and_revoked(api: Api, place: Runtime) -> None:
    answer = api.post("/api/v1/tokens", {"name": "shop", "scopes": ["read"]}, key="make-token")
    assert answer.json["token"].startswith("desk_")
    again = api.post("/api/v1/tokens", {"name": "shop", "scopes": ["read"]}, key="make-token")
    assert (again.json["id"], again.json["token"]) == (answer.json["id"], None)
    with place.db.reading() as session:
        assert not any(answer.json["token"] in kept for kept in session.scalars(select(Idempotency.answer)) if kept)
    assert "token" not in api.get("/api/v1/tokens").json["data"][0]
    path = f"/api/v1/tokens/{answer.json['id']}/revoke"
    assert api.made(path, {})["revoked_at"] == api.made(path, {})["revoked_at"]


def test_a_token_gives_no_more_than_it_has(caller: Caller) -> None:
    answer = caller("tokens").post("/api/v1/tokens", {"name": "more", "scopes": ["jobs"]})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["scopes"])


def test_the_same_key_does_it_once(api: Api, place: Runtime) -> None:
    first = api.post("/api/v1/parties", {"ref": "p", "name": "P"}, key="k")
    again = api.post("/api/v1/parties", {"ref": "p", "name": "P"}, key="k")
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = api.post("/api/v1/parties", {"ref": "q", "name": "Q"}, key="k")
    assert other.status_code == 409
    refused = api.post("/api/v1/parties", {"ref": "p", "name": "P"}, key="refused")
    assert refused.status_code == 409
    mended = api.post("/api/v1/parties", {"ref": "r", "name": "R"}, key="refused")
    assert mended.status_code == 201
    assert api.post("/api/v1/parties", {"ref": "s", "name": "S"}, key="x" * 500).status_code == 422


def test_the_same_key_at_once_does_it_once(caller: Caller, place: Runtime) -> None:
    callers = [caller(*ALL) for _ in range(2)]
    same = callers[0]

    def send(_number: int) -> Any:
        return same.post("/api/v1/jobs/auto_deduct/trigger", {}, key="both")

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json["id"] for answer in answers}) == 1
    with place.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Run)) == 1


def test_the_kept_addresses_answer_as_they_always_did(api: Api, caller: Caller) -> None:
    status = api.get("/admin/escrow-jobs/status").json
    assert status["status"] == "ok"
    assert status["jobs"] == {
        "auto_release": {"running": True, "schedule": "Daily at 2:00 AM EAT"},
        "auto_deduct": {"running": True, "schedule": "Daily at 11:00 PM EAT"},
    }
    assert status["timestamp"].endswith("Z")
    for name in ("release", "deduct"):
        answer = api.post(f"/admin/escrow-jobs/trigger-auto-{name}")
        assert (answer.status_code, answer.json["job"]) == (202, f"auto_{name}")
    api.made("/api/v1/jobs/auto_deduct/pause", {"reason": "Holiday."})
    degraded = api.get("/admin/escrow-jobs/status").json
    assert (degraded["status"], degraded["jobs"]["auto_deduct"]["running"]) == ("degraded", False)
    stranger = caller().get("/admin/escrow-jobs/status")
    assert (stranger.status_code, stranger.content_type) == (401, "application/problem+json")


@ON_SQLITE
@pytest.mark.parametrize(("token", "status"), [("", 503), ("a-cron-token-that-is-long", 401)])
def test_a_cron_that_nobody_knows_is_told_why(place: Runtime, token: str, status: int) -> None:
    settings = settings_for(place.settings.database_url, place.settings.var_dir, cron_secret_token=token)
    client = create_app(build_runtime(settings)).test_client()
    answer = client.post("/admin/escrow-jobs/trigger-auto-release", headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == status
    if token:
        headers = {"Authorization": f"Bearer {token}"}
        assert client.post("/admin/escrow-jobs/trigger-auto-release", headers=headers).status_code == 202
        assert client.get("/api/v1/escrows", headers=headers).status_code == 403
    else:
        assert "CRON_SECRET_TOKEN" in answer.get_json()["detail"]
