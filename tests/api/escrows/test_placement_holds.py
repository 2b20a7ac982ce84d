"""Placement holds over the API, on both databases."""

from datetime import timedelta
from typing import Any

import pytest

from tests.api.conftest import ON_SQLITE, Api, Caller, a_party, ngn
from tests.support.market import all_books_agree
from webapp import clock
from webapp.jobs.run_job import run_here
from webapp.runtime import Runtime

HOLDS = "/api/v2/escrow-holds"
SOON = clock.iso(clock.now() + timedelta(days=30))


@pytest.fixture
def api(caller: Caller) -> Api:
    return caller("read", "placements", "parties", "parties:money", "jobs", "orders", "escrows")


@pytest.fixture
def payer(api: Api) -> Any:
    """A recruiter with NGN 1,000.00, and a worker."""
    a_party(api, "worker")
    party = a_party(api, "recruiter")
    api.made(
        f"/api/v1/parties/{party['id']}/deposits",
        {"amount": ngn(100_000), "reference": "d-1", "reason": "Paid in cash."},
    )
    return party


def body(ref: str = "h-1", amount: int = 40_000, **more: Any) -> dict[str, Any]:
    parties = {"buyer": "recruiter", "seller": "worker"}
    return {"ref": ref, "placement": "P-7", "amount": ngn(amount), "release_at": SOON, **parties} | more


def wallet(api: Api, party: Any) -> int:
    accounts = api.get(f"/api/v1/parties/{party['id']}/wallets").json["data"]
    return next(int(each["balance"]["amount"]) for each in accounts if each["kind"] == "wallet")


def test_a_hold_is_taken_from_the_payers_wallet_and_counted_in_its_placements_total(
    api: Api, payer: Any, place: Runtime
) -> None:
    made = api.made(HOLDS, body(fee=500))
    assert (made["ref"], made["placement"], made["status"], made["active"]) == ("h-1", "P-7", "held", True)
    assert (made["amount"], made["fee"], made["release_at"]) == (ngn(40_000), ngn(500), SOON)
    assert wallet(api, payer) == 60_000
    api.made(HOLDS, body("h-2", 5_000, terms="paid"))
    api.made(HOLDS, body("h-3", 1_000, placement="P-8"))
    total = api.get("/api/v2/placements/P-7/escrow-holds/total").json
    assert total == {"placement": "P-7", "holds": 2, "totals": [ngn(45_000)]}
    assert [each["ref"] for each in api.get("/api/v2/placements/P-7/escrow-holds").json["data"]] == ["h-2", "h-1"]
    assert [each["ref"] for each in api.get(HOLDS, placement="P-8").json["data"]] == ["h-3"]
    assert api.get(f"{HOLDS}/{made['id']}").json == made
    all_books_agree(place)


def test_a_wallet_that_does_not_cover_it_is_refused_in_words(api: Api, payer: Any, place: Runtime) -> None:
    refused = api.post(HOLDS, body(amount=100_001))
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["amount"])
    assert "holds NGN 1,000.00: it does not cover NGN 1,000.01" in refused.json["detail"]
    a_party(api, "poor", wallet=False)
    assert "has no wallet in NGN" in api.post(HOLDS, body(buyer="poor")).json["detail"]
    assert api.get("/api/v1/orders").json["data"] == []
    all_books_agree(place)


@ON_SQLITE
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"release_at": "2020-01-01T00:00:00Z"}, "release_at"),
        ({"placement": " "}, "placement"),
        ({"terms": "credit"}, "terms"),
        ({"fee": 10**9}, "fee"),
        ({"seller": "recruiter"}, "seller"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_input_is_named_by_its_field(api: Api, payer: Any, change: dict[str, Any], field: str) -> None:
    refused = api.post(HOLDS, body() | change)
    assert (refused.status_code, list(refused.json["errors"])) == (422, [field])
    assert wallet(api, payer) == 100_000


def test_people_release_cancel_and_delete_by_hand(api: Api, payer: Any, place: Runtime) -> None:
    first, second, third = (api.made(HOLDS, body(f"h-{n}", 10_000)) for n in range(3))
    paid = api.made(f"{HOLDS}/{first['id']}/release", {"reason": "The guarantee is over."})
    assert (paid["executed"], paid["hold"]["status"], paid["hold"]["active"]) == (True, "released", False)
    back = api.made(f"{HOLDS}/{second['id']}/cancel", {"reason": "The worker left."})
    assert (back["hold"]["status"], wallet(api, payer)) == ("refunded", 80_000)
    gone = api.delete(f"{HOLDS}/{third['id']}")
    assert (gone.status_code, gone.json["hold"]["status"], wallet(api, payer)) == (200, "refunded", 90_000)
    assert api.delete(f"{HOLDS}/{third['id']}").status_code == 409
    assert api.get(HOLDS, active="true").json["data"] == []
    assert len(api.get(HOLDS, active="false").json["data"]) == 3
    assert api.get("/api/v2/placements/P-7/escrow-holds/total").json["totals"] == []
    all_books_agree(place)


def test_above_the_limit_a_cancellation_is_only_proposed(api: Api, payer: Any) -> None:
    made = api.made(HOLDS, body(amount=2_000_000, terms="paid"))
    came = api.made(f"{HOLDS}/{made['id']}/cancel", {"reason": "Please."})
    assert (came["executed"], came["hold"]["status"], came["hold"]["frozen"]) == (False, "held", True)


def test_a_change_puts_off_renames_and_never_pays_sooner(api: Api, payer: Any) -> None:
    made = api.made(HOLDS, body())
    later = clock.iso(clock.now() + timedelta(days=60))
    path = f"{HOLDS}/{made['id']}"
    stale = api.put(path, {"placement": "P-9", "release_at": later, "version": 77})
    assert stale.status_code == 409
    changed = api.put(path, {"placement": "P-9", "release_at": later, "version": made["version"]}).json
    assert (changed["placement"], changed["release_at"], changed["amount"]) == ("P-9", later, ngn(40_000))
    sooner = api.put(path, {"placement": "P-9", "release_at": SOON})
    assert (sooner.status_code, list(sooner.json["errors"])) == (422, ["release_at"])
    assert api.put(path, {"placement": "P-9", "release_at": later, "amount": ngn(1)}).status_code == 422


def test_only_holds_are_holds(api: Api, payer: Any) -> None:
    order = {"ref": "o", "buyer": "recruiter", "seller": "worker", "amount": ngn(100), "terms": "wallet"}
    escrow = api.made("/api/v1/orders", order)["escrow"]
    assert (escrow["status"], wallet(api, payer)) == ("held", 99_900)
    assert api.get(f"{HOLDS}/{escrow['id']}").status_code == 404
    assert api.post(f"{HOLDS}/{escrow['id']}/release", {"reason": "x"}).status_code == 404


def test_what_is_due_is_paid_when_asked_for(api: Api, payer: Any, place: Runtime) -> None:
    run = api.post(f"{HOLDS}/process-due")
    assert (run.status_code, run.json["job"], run.json["trigger"]) == (202, "release_placement_holds", "api")
    assert run_here(place, run.json["id"]).status == "succeeded"


def test_scopes_are_asked_for(caller: Caller) -> None:
    assert caller().get(HOLDS).status_code == 401
    assert caller("orders").post(HOLDS, body()).status_code == 403
    assert caller("placements").post(f"{HOLDS}/process-due").status_code == 403
    assert caller("placements").get(HOLDS).status_code == 200
