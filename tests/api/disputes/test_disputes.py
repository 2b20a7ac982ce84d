"""Disputes and approvals over the API, on both databases."""

import base64

import pytest
from flask import Flask

from tests.api.conftest import ON_SQLITE, Api, a_dispute, an_order, ngn
from tests.support.market import all_books_agree
from tests.support.people import PASSWORD, send
from webapp.runtime import Runtime

SPLIT = {"resolution": "split", "code": "shared_fault", "reason": "Both have a point."}


def split(buyer: int, seller: int) -> dict[str, object]:
    return SPLIT | {"buyer_amount": buyer, "seller_amount": seller}


def test_a_dispute_is_opened_worked_on_previewed_and_decided(api: Api, place: Runtime) -> None:
    escrow = an_order(api)["escrow"]
    dispute = a_dispute(api, escrow["id"])
    base = f"/api/v1/disputes/{dispute['id']}"
    assert (dispute["status"], dispute["amount"]) == ("opened", ngn(50_000))
    assert api.get(f"/api/v1/escrows/{escrow['id']}").json["frozen"] is True
    assert api.made(f"{base}/ask", {"side": "seller", "body": "Where is it?"})["waiting_on"] == "seller"
    api.made(f"{base}/messages", {"audience": "seller", "body": "Sent on Monday.", "inbound": True})
    assert api.get(base).json["status"] == "under_review"
    assert len(api.get(f"{base}/messages").json["data"]) == 2
    preview = api.made(f"{base}/preview", split(20_000, 30_000))
    assert sum(entry["amount"] for entry in preview["entries"]) == 0
    came = api.made(f"{base}/resolution", split(20_000, 30_000))
    assert (came["executed"], came["dispute"]["status"]) == (True, "resolved")
    assert api.get(f"/api/v1/escrows/{escrow['id']}").json["status"] == "split"
    again = api.post(f"{base}/resolution", split(20_000, 30_000))
    assert again.status_code == 409
    assert "decided" in again.json["detail"].lower() or "resolved" in again.json["detail"].lower()
    all_books_agree(place)


@ON_SQLITE
@pytest.mark.parametrize(
    ("body", "field"),
    [
        (split(20_000, 20_000), "seller_amount"),
        (split(20_000, 30_000) | {"reason": " "}, "reason"),
        (split(20_000, 30_000) | {"code": "because"}, "code"),
        (split(20_000, 30_000) | {"resolution": "keep"}, "resolution"),
        (SPLIT, "buyer_amount"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(api: Api, body: dict[str, object], field: str) -> None:
    dispute = a_dispute(api, an_order(api)["escrow"]["id"])
    answer = api.post(f"/api/v1/disputes/{dispute['id']}/resolution", body)
    assert answer.status_code == 422, answer.text
    assert field in answer.json["errors"]
    assert api.get(f"/api/v1/disputes/{dispute['id']}").json["status"] == "opened"


def test_a_stale_decision_is_refused(api: Api) -> None:
    dispute = a_dispute(api, an_order(api)["escrow"]["id"])
    base = f"/api/v1/disputes/{dispute['id']}"
    api.made(f"{base}/escalate", {"reason": "Too much for me."})
    stale = api.post(f"{base}/resolution", split(20_000, 30_000) | {"version": dispute["version"]})
    assert stale.status_code == 409
    assert api.made(f"{base}/withdraw", {"reason": "They agreed."})["status"] == "withdrawn"


def test_evidence_is_typed_by_its_content(api: Api) -> None:
    dispute = a_dispute(api, an_order(api)["escrow"]["id"])
    base = f"/api/v1/disputes/{dispute['id']}/evidence"
    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\x00" * 64).decode()
    made = api.made(base, {"side": "buyer", "name": "../../photo.exe", "content": picture})
    assert (made["media_type"], made["name"], made["status"]) == ("image/png", "photo.png", "staged")
    assert api.made(f"{base}/submit", {"evidence_id": made["id"]})["status"] == "submitted"
    api.made(base, {"side": "seller", "body": "I sent it."})
    assert len(api.get(base).json["data"]) == 2
    program = base64.b64encode(b"MZ\x90\x00" + b"\x00" * 64).decode()
    assert api.post(base, {"side": "buyer", "name": "photo.png", "content": program}).status_code == 422
    assert api.post(base, {"side": "buyer", "content": "not base64!"}).status_code == 422
    assert api.post(base, {"side": "buyer"}).status_code == 422
    assert api.post(f"{base}/submit", {"evidence_id": 9_999}).status_code == 404


def test_two_disputes_about_one_escrow_are_refused(api: Api) -> None:
    escrow = an_order(api)["escrow"]
    a_dispute(api, escrow["id"])
    body = {"escrow_id": escrow["id"], "claimant": "seller", "reason_code": "not_delivered", "claim": "Mine."}
    assert api.post("/api/v1/disputes", body).status_code == 409
    assert api.post("/api/v1/disputes", body | {"escrow_id": 987_654}).status_code == 404
    assert api.post("/api/v1/disputes", body | {"reason_code": "because"}).status_code == 422


def test_only_a_person_approves_and_is_asked_again(api: Api, web: Flask, place: Runtime) -> None:
    dispute = a_dispute(api, an_order(api, amount=3_000_000)["escrow"]["id"])
    body = {"resolution": "refund_to_buyer", "code": "evidence_for_buyer", "reason": "It never came."}
    came = api.made(f"/api/v1/disputes/{dispute['id']}/resolution", body)
    assert came["executed"] is False
    path = f"/api/v1/approvals/{came['approval']['id']}/approve"
    assert api.post(path, {"password": PASSWORD}).status_code == 403

    client = web.test_client()
    send(client, "/sign-in", email="approver@desk.example", password=PASSWORD)
    token = client.get("/profile").text.split('name="csrf-token" content="')[1].split('"')[0]
    assert client.post(path, json={"password": PASSWORD}).status_code == 400
    headers = {"X-CSRFToken": token}
    assert client.post(path, json={"password": "wrong"}, headers=headers).status_code == 422
    approved = client.post(path, json={"password": PASSWORD}, headers=headers)
    assert approved.status_code == 200, approved.text
    assert approved.get_json()["status"] == "executed"
    assert client.post(path, json={"password": PASSWORD}, headers=headers).status_code == 409
    assert api.get(f"/api/v1/disputes/{dispute['id']}").json["status"] == "resolved"
    all_books_agree(place)


def test_a_rejected_proposal_gives_the_dispute_back(api: Api, web: Flask) -> None:
    dispute = a_dispute(api, an_order(api, amount=3_000_000)["escrow"]["id"])
    body = {"resolution": "refund_to_buyer", "code": "evidence_for_buyer", "reason": "It never came."}
    came = api.made(f"/api/v1/disputes/{dispute['id']}/resolution", body)
    client = web.test_client()
    send(client, "/sign-in", email="approver@desk.example", password=PASSWORD)
    token = client.get("/profile").text.split('name="csrf-token" content="')[1].split('"')[0]
    path = f"/api/v1/approvals/{came['approval']['id']}/reject"
    assert client.post(path, json={"reason": ""}, headers={"X-CSRFToken": token}).status_code == 422
    rejected = client.post(path, json={"reason": "Ask the courier."}, headers={"X-CSRFToken": token})
    assert rejected.get_json()["status"] == "rejected"
    assert api.get(f"/api/v1/disputes/{dispute['id']}").json["status"] == "under_review"
