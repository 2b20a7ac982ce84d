"""Subscriptions over the API, and the outside scheduler that applies their dates."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.api.conftest import Api, Caller
from tests.support.market import NOW
from tests.support.subscriptions import shop, statuses, with_mail
from webapp import clock
from webapp.api.jobs import legacy_cron_jobs
from webapp.jobs.run_job import run_here
from webapp.models import Run
from webapp.runtime import Runtime

PATH = "/api/v1/subscriptions"
A_DAY = timedelta(days=1)


def in_days(days: int) -> str:
    return clock.iso(clock.now() + days * A_DAY)


@pytest.fixture
def api(caller: Caller) -> Api:
    return caller("subscriptions")


@pytest.fixture
def shops(place: Runtime) -> Runtime:
    with place.db.transaction() as session:
        for ref in ("shop-1", "shop-2", "shop-3"):
            shop(session, ref)
    return place


def test_a_subscription_goes_through_its_life(api: Api, shops: Runtime) -> None:
    made = api.post(PATH, {"tenant": "shop-1", "expire_date": in_days(5)})
    assert (made.status_code, made.headers["Location"]) == (201, f"{PATH}/{made.json['id']}")
    one = made.headers["Location"]
    assert (made.json["tenant"], made.json["status"]) == ("shop-1", "active")
    assert api.post(PATH, {"tenant": "shop-1", "expire_date": in_days(5)}).status_code == 409
    assert api.post(PATH, {"tenant": "nobody", "expire_date": in_days(5)}).status_code == 404
    renewed = api.made(f"{one}/renew", {"expire_date": in_days(40)})
    assert (renewed["status"], renewed["version"]) == ("active", 2)
    assert api.post(f"{one}/renew", {"expire_date": in_days(39)}).json["errors"].keys() == {"expire_date"}
    extended = api.made(f"{one}/extend", {"expire_date": in_days(50), "reason": "A goodwill."})
    assert api.made(f"{one}/revert", {"reason": "Not agreed."})["expire_date"] == renewed["expire_date"]
    assert extended["expire_date"] > renewed["expire_date"]
    assert api.post(f"{one}/revert", {"reason": "Once more."}).status_code == 409
    assert api.made(f"{one}/suspend", {"reason": "Fraud."})["suspended_by_hand"] is True
    assert api.post(f"{one}/suspend", {"reason": "Fraud."}).status_code == 409
    assert api.made(f"{one}/renew", {"expire_date": in_days(60)})["status"] == "suspended"
    assert api.made(f"{one}/resume", {"reason": "Cleared."})["status"] == "active"
    assert api.get(one).json["status"] == "active"


def test_a_change_needs_its_reason_and_the_version_that_was_seen(api: Api, shops: Runtime) -> None:
    one = f"{PATH}/{api.made(PATH, {'tenant': 'shop-1', 'expire_date': in_days(5)})['id']}"
    for action in ("extend", "suspend", "resume", "revert"):
        answer = api.post(f"{one}/{action}", {"expire_date": in_days(9)} if action == "extend" else {})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["reason"]), action
    assert api.post(f"{one}/suspend", {"reason": "Why not.", "version": 7}).status_code == 409
    assert api.get(f"{PATH}/999999").status_code == 404


def test_they_are_listed_by_tenant_and_status_page_by_page(api: Api, shops: Runtime) -> None:
    for ref in ("shop-1", "shop-2", "shop-3"):
        api.made(PATH, {"tenant": ref, "expire_date": in_days(5)})
    first = api.get(PATH, limit=2).json
    rest = api.get(PATH, limit=2, cursor=first["next_cursor"]).json
    assert [each["tenant"] for each in first["data"] + rest["data"]] == ["shop-3", "shop-2", "shop-1"]
    assert rest["next_cursor"] is None
    assert [each["tenant"] for each in api.get(PATH, tenant="shop-2").json["data"]] == ["shop-2"]
    assert api.get(PATH, status="suspended").json["data"] == []


def test_a_payment_on_its_way_is_told_and_taken_back(api: Api, shops: Runtime) -> None:
    one = f"{PATH}/{api.made(PATH, {'tenant': 'shop-1', 'expire_date': in_days(5)})['id']}"
    for since in (clock.iso(NOW), None):
        answer = api.put(f"{one}/pending-payment", {"since": since})
        assert (answer.status_code, answer.json["payment_pending_since"]) == (200, since)
    refused = api.put(f"{one}/pending-payment", {"since": in_days(5)})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["since"])


def test_the_same_key_renews_once(api: Api, shops: Runtime) -> None:
    one = f"{PATH}/{api.made(PATH, {'tenant': 'shop-1', 'expire_date': in_days(5)})['id']}"
    body = {"expire_date": in_days(40)}
    answers = [api.post(f"{one}/renew", body, key="paid-1") for _ in range(2)]
    assert [answer.json["version"] for answer in answers] == [2, 2]


def test_reading_is_not_changing(caller: Caller, shops: Runtime) -> None:
    reader = caller("read")
    assert reader.get(PATH).status_code == 200
    assert reader.post(PATH, {"tenant": "shop-1", "expire_date": in_days(5)}).status_code == 403


def test_the_outside_scheduler_expires_and_reminds_once_by_get(
    api: Api, shops: Runtime, web: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_mail(shops, monkeypatch)
    monkeypatch.setattr(shops.settings, "cron_secret_token", "the-token-of-cron")
    monkeypatch.setattr(legacy_cron_jobs, "_look", lambda runtime, run_id: run_here(runtime, run_id))
    for ref, days in (("shop-1", -1), ("shop-2", -9), ("shop-3", 5)):
        api.made(PATH, {"tenant": ref, "expire_date": in_days(days)})

    def call(path: str) -> Any:
        answer = web.test_client().get(path, headers={"Authorization": "Bearer the-token-of-cron"})
        assert answer.status_code == 200, answer.text
        return answer.get_json()["results"]

    for _ in range(2):
        assert call("/api/admin/subscriptions/expiry-checker") == {"processed": 3, "errors": []}
        assert call("/api/admin/subscriptions/payment-reminders") == {"processed": 3, "errors": []}
    assert statuses(shops) == {"shop-1": "expired", "shop-2": "suspended", "shop-3": "active"}
    with shops.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Run)) == 2
