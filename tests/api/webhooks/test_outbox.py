"""Webhook endpoints, deliveries and events over HTTP."""

from tests.api.conftest import Api, Caller
from tests.support.outbox import happen, spread, states
from webapp.runtime import Runtime

BODY = {"url": "https://shop.example/hook", "description": "The shop", "events": ["escrow.*"]}
ADDRESS = "/api/v1/webhook-endpoints"


def test_an_endpoint_is_made_with_a_secret_shown_once(caller: Caller) -> None:
    api = caller("webhooks")
    first, again = (api.post(ADDRESS, BODY, key="one") for _ in range(2))
    assert first.status_code == 201
    assert first.json["secret"].startswith("whsec_")
    assert again.json == first.json | {"secret": None}
    assert first.headers["Location"] == f"{ADDRESS}/{first.json['id']}"

    shown = api.get(f"{ADDRESS}/{first.json['id']}").json
    assert "secret" not in shown
    assert shown["events"] == ["escrow.*"]
    assert [each["id"] for each in api.get(ADDRESS).json["data"]] == [shown["id"]]


def test_an_endpoint_is_tested_paused_resumed_and_deleted(place: Runtime, caller: Caller) -> None:
    api = caller("webhooks")
    where = f"{ADDRESS}/{api.made(ADDRESS, BODY)['id']}"
    assert api.post(f"{where}/test").status_code == 202
    assert api.made(f"{where}/pause", {"reason": "They move."})["pause_reason"].endswith("They move.")
    assert api.post(f"{where}/pause", {"reason": "Again."}).status_code == 409
    assert api.made(f"{where}/resume", None)["paused_at"] is None
    assert deleted(api, where) == 200
    assert api.get(ADDRESS).json["data"] == []
    assert states(place) == [("webhook.test", "cancelled", 0)]


def deleted(api: Api, where: str) -> int:
    return int(api._client.delete(where, headers=api._headers).status_code)


def test_what_can_not_be_an_endpoint_is_refused_by_field(caller: Caller) -> None:
    api = caller("webhooks")
    for field, value in (("url", "http://127.0.0.1/"), ("events", ["no event!"]), ("events", [])):
        answer = api.post(ADDRESS, BODY | {field: value})
        assert answer.status_code == 422
        assert field in answer.text


def test_deliveries_are_listed_and_sent_again(place: Runtime, caller: Caller) -> None:
    api = caller("webhooks")
    made = api.made(ADDRESS, BODY)
    happen(place, "escrow.released", "dispute.opened", "escrow.refunded")
    spread(place)
    found = api.get("/api/v1/deliveries", endpoint=made["id"], limit=1).json
    assert [each["kind"] for each in found["data"]] == ["escrow.refunded"]
    rest = api.get("/api/v1/deliveries", endpoint=made["id"], cursor=found["next_cursor"]).json
    assert [each["kind"] for each in rest["data"]] == ["escrow.released"]
    one = rest["data"][0]["id"]
    assert api.get(f"/api/v1/deliveries/{one}").json["status"] == "waiting"
    assert api.post(f"/api/v1/deliveries/{one}/redeliver").status_code == 202
    assert caller("read").post(f"/api/v1/deliveries/{one}/redeliver").status_code == 403
    assert api.get("/api/v1/deliveries", status="delivered").json["data"] == []


def test_events_are_listed_newest_first(place: Runtime, caller: Caller) -> None:
    happen(place, "escrow.released", "dispute.opened")
    api = caller("webhooks")
    found = api.get("/api/v1/events").json["data"]
    assert [each["type"] for each in found][:2] == ["dispute.opened", "escrow.released"]
    assert found[0]["data"] == {"number": 2, "name": "Zoë"}
    assert [each["type"] for each in api.get("/api/v1/events", type="escrow.released").json["data"]] == [
        "escrow.released"
    ]


def test_an_endpoint_says_how_it_wants_its_events(caller: Caller) -> None:
    api = caller("webhooks")
    made = api.post(ADDRESS, BODY | {"batch_size": 100}).json
    assert (made["batch_size"], made["parallel_calls"], made["calls_per_minute"]) == (100, 1, None)
    pace = {"batch_size": 1, "parallel_calls": 4, "calls_per_minute": 600}
    changed = api.put(f"{ADDRESS}/{made['id']}/pace", pace)
    assert changed.status_code == 200
    assert changed.json == api.get(f"{ADDRESS}/{made['id']}").json
    assert {name: changed.json[name] for name in pace} == pace
    assert api.put(f"{ADDRESS}/{made['id']}/pace", {"parallel_calls": 9}).status_code == 422
