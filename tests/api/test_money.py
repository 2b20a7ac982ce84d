"""Orders, escrows, parties and transfers over the API, on both databases."""

from datetime import timedelta

import pytest

from tests.api.conftest import Api, Caller, a_party, an_order, ngn
from tests.support.market import all_books_agree
from webapp import clock
from webapp.runtime import Runtime


def test_a_paid_order_is_held_and_its_release_pays_the_seller(api: Api, place: Runtime) -> None:
    order = an_order(api, fee=1_000)
    escrow = order["escrow"]
    assert (order["status"], escrow["status"], escrow["amount"], escrow["fee"]) == (
        "in_progress",
        "held",
        ngn(50_000),
        ngn(1_000),
    )
    came = api.made(f"/api/v1/escrows/{escrow['id']}/release", {"reason": "The buyer confirmed."})
    assert came["executed"] is True
    assert came["escrow"]["status"] == "released"
    wallets = api.get(f"/api/v1/parties/{escrow['seller']['id']}/wallets").json["data"]
    assert [(each["kind"], each["balance"]) for each in wallets] == [("wallet", ngn(49_000))]
    moved = api.get(f"/api/v1/escrows/{escrow['id']}/transfers").json["data"]
    assert [(each["kind"], sum(side["amount"] for side in each["entries"])) for each in moved] == [
        ("hold", 0),
        ("release", 0),
    ]
    assert api.get(f"/api/v1/transfers/{moved[1]['id']}").json == moved[1]
    assert "released" in api.get(f"/api/v1/escrows/{escrow['id']}/explanation").json["sentences"][0].lower()
    all_books_agree(place)


def test_every_way_an_escrow_can_go(api: Api) -> None:
    paid, unpaid, credit = an_order(api, "a"), an_order(api, "b", terms="unpaid"), an_order(api, "c", terms="credit")
    refunded = api.made(f"/api/v1/escrows/{paid['escrow']['id']}/refund", {"reason": "Agreed."})
    assert refunded["escrow"]["status"] == "refunded"
    voided = api.made(f"/api/v1/escrows/{unpaid['escrow']['id']}/void", {"reason": "Never paid."})
    assert voided["escrow"]["status"] == "voided"
    debts = api.get(f"/api/v1/parties/{credit['buyer']['id']}/wallets").json["data"]
    assert ("debt", ngn(-50_000)) in [(each["kind"], each["balance"]) for each in debts]


def test_freezes_stop_a_release_until_they_are_lifted(api: Api) -> None:
    escrow = an_order(api)["escrow"]
    frozen = api.made(f"/api/v1/escrows/{escrow['id']}/freeze", {"reason": "Looks odd."})
    assert frozen["escrow"]["frozen"] is True
    assert [each["reason"] for each in frozen["freezes"]] == ["Looks odd."]
    assert len(api.get("/api/v1/escrows", frozen="true").json["data"]) == 1
    assert api.get("/api/v1/escrows", frozen="false").json["data"] == []
    refused = api.post(f"/api/v1/escrows/{escrow['id']}/release", {"reason": "Now."})
    assert refused.status_code == 409
    assert "frozen" in refused.json["detail"].lower()
    lifted = api.made(f"/api/v1/escrows/{escrow['id']}/unfreeze", {"reason": "It was fine."})
    assert lifted["escrow"]["frozen"] is False
    again = api.post(f"/api/v1/escrows/{escrow['id']}/unfreeze", {"reason": "Once more."})
    assert again.status_code == 409


def test_a_stale_version_is_refused_and_the_present_one_is_not(api: Api) -> None:
    escrow = an_order(api)["escrow"]
    later = clock.iso(clock.now() + timedelta(days=60))
    path = f"/api/v1/escrows/{escrow['id']}/extend"
    stale = api.post(path, {"release_at": later, "reason": "Late delivery.", "version": escrow["version"] + 5})
    assert stale.status_code == 409
    extended = api.made(path, {"release_at": later, "reason": "Late delivery.", "version": escrow["version"]})
    assert extended["release_at"] == later
    sooner = api.post(path, {"release_at": clock.iso(clock.now() + timedelta(days=1)), "reason": "Sooner."})
    assert (sooner.status_code, list(sooner.json["errors"])) == (422, ["release_at"])


def test_an_amount_above_the_limit_is_only_proposed(api: Api) -> None:
    escrow = an_order(api, amount=2_000_000)["escrow"]
    came = api.made(f"/api/v1/escrows/{escrow['id']}/release", {"reason": "Please."})
    assert came["executed"] is False
    assert came["approval"]["amount"] == ngn(2_000_000)
    assert came["escrow"]["status"] == "held"
    waiting = api.get("/api/v1/approvals", status="proposed").json["data"]
    assert [each["id"] for each in waiting] == [came["approval"]["id"]]
    assert api.get(f"/api/v1/approvals/{came['approval']['id']}/preview").json["entries"]


def test_orders_are_completed_cancelled_and_found(api: Api) -> None:
    paid, unpaid = an_order(api, "a"), an_order(api, "b", terms="unpaid")
    assert api.made(f"/api/v1/orders/{paid['id']}/complete", {})["status"] == "completed"
    assert api.post(f"/api/v1/orders/{paid['id']}/complete").status_code == 409
    cancelled = api.made(f"/api/v1/orders/{unpaid['id']}/cancel", {"reason": "Changed their mind."})
    assert (cancelled["status"], cancelled["escrow"]["status"]) == ("cancelled", "voided")
    assert [each["ref"] for each in api.get("/api/v1/orders", ref="a").json["data"]] == ["a"]
    assert [each["ref"] for each in api.get("/api/v1/orders", status="cancelled").json["data"]] == ["b"]
    found = api.get("/api/v1/escrows", seller="a-seller").json["data"]
    assert [each["order_id"] for each in found] == [paid["id"]]


def test_wallets_debts_and_repayments(api: Api, place: Runtime) -> None:
    party = a_party(api, "p")
    base = f"/api/v1/parties/{party['id']}"
    api.made(f"{base}/deposits", {"amount": ngn(9_000), "reference": "d-1", "provider_reference": "TRX-1"})
    api.made(f"{base}/debts", {"amount": ngn(5_000), "reference": "d-2", "provider_reference": "TRX-1"})
    twice = api.post(f"{base}/deposits", {"amount": ngn(9_000), "reference": "d-1", "provider_reference": "TRX-1"})
    assert (twice.status_code, list(twice.json["errors"])) == (409, ["reference"])
    too_much = api.post(f"{base}/repayments", {"amount": ngn(6_000), "reference": "r-1", "provider_reference": "TRX-1"})
    assert too_much.status_code == 422
    api.made(f"{base}/repayments", {"amount": ngn(2_000), "reference": "r-1", "provider_reference": "TRX-1"})
    lines = api.get(f"{base}/statement", currency="NGN").json["data"]
    assert [(line["amount"], line["balance_after"]) for line in lines] == [(-2_000, 7_000), (9_000, 9_000)]
    order = {"currency": "NGN", "enabled": True, "percent": 30, "minimum_balance": 100}
    assert api.put(f"{base}/auto-deduct", order).json["version"] == 1
    assert api.put(f"{base}/auto-deduct", order | {"version": 0}).status_code == 409
    assert api.put(f"{base}/auto-deduct", order | {"percent": 0}).status_code == 422
    place.settings.auto_deduct_percent, place.settings.auto_deduct_minimum_balance = 40, {"NGN": 700}
    defaults = api.put(f"{base}/auto-deduct", {"currency": "NGN", "enabled": True}).json
    assert (defaults["percent"], defaults["minimum_balance"]) == (None, None)
    assert (defaults["percent_in_force"], defaults["minimum_balance_in_force"]) == (40, 700)
    all_books_agree(place)


def test_a_party_has_a_country_or_is_refused(api: Api) -> None:
    made = api.made("/api/v1/parties", {"ref": "amina", "name": "Amina", "country": "RW"})
    assert (made["country"], api.get(f"/api/v1/parties/{made['id']}").json["country"]) == ("RW", "RW")
    for country in ("ZZ", "rw", "R1", "RWA"):
        wrong = api.post("/api/v1/parties", {"ref": f"x-{country}", "name": "X", "country": country})
        assert wrong.status_code == 422


def test_a_reversal_needs_an_admin_and_no_token_has_that(api: Api) -> None:
    escrow = an_order(api)["escrow"]
    api.made(f"/api/v1/escrows/{escrow['id']}/release", {"reason": "Fine."})
    release = api.get(f"/api/v1/escrows/{escrow['id']}/transfers").json["data"][-1]
    refused = api.post(f"/api/v1/transfers/{release['id']}/reverse", {"reason": "Wrong."})
    assert refused.status_code == 403


READS = (
    "/api/v1/orders",
    "/api/v1/orders/1",
    "/api/v1/escrows",
    "/api/v1/escrows/1",
    "/api/v1/escrows/1/transfers",
    "/api/v1/parties",
    "/api/v1/disputes",
    "/api/v1/approvals",
    "/api/v1/jobs",
    "/api/v1/runs",
    "/api/v1/tokens",
)


@pytest.mark.parametrize("path", READS)
def test_nobody_reads_without_a_token_and_not_with_another_scope(caller: Caller, path: str) -> None:
    stranger = caller().get(path)
    assert stranger.status_code == 401
    assert stranger.content_type == "application/problem+json"
    other = caller("audit").get(path)
    assert other.status_code == 403
    assert other.json["detail"]


@pytest.mark.parametrize("path", ["orders", "escrows", "parties", "disputes", "approvals", "runs", "transfers"])
def test_what_is_not_there_is_not_found(api: Api, path: str) -> None:
    assert api.get(f"/api/v1/{path}/987654").status_code == 404


def test_pages_show_everything_once(api: Api) -> None:
    for number in range(7):
        a_party(api, f"p-{number}")
    seen: list[str] = []
    cursor = None
    while True:
        answer = api.get("/api/v1/parties", limit=3, **({"cursor": cursor} if cursor else {})).json
        seen += [each["ref"] for each in answer["data"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"p-{number}" for number in reversed(range(7))]


BAD_ORDERS = [
    ({"amount": {"amount": -5, "currency": "NGN"}}, "amount.amount"),
    ({"amount": {"amount": 1.5, "currency": "NGN"}}, "amount.amount"),
    ({"amount": {"amount": "100", "currency": "NGN"}}, "amount.amount"),
    ({"amount": {"amount": True, "currency": "NGN"}}, "amount.amount"),
    ({"amount": {"amount": 10**30, "currency": "NGN"}}, "amount.amount"),
    ({"amount": {"amount": 100, "currency": "XXQ"}}, "amount.currency"),
    ({"amount": 100}, "amount"),
    ({"terms": "barter"}, "terms"),
    ({"policy": "never"}, "policy"),
    ({"buyer": "nobody"}, "buyer"),
    ({"seller": "a-buyer"}, "seller"),
    ({"fee": 10**9}, "fee"),
    ({"ref": ""}, "ref"),
    ({"ref": "a\x00b"}, "ref"),
    ({"ref": "x" * 200}, "ref"),
    ({"colour": "red"}, "colour"),
    ({"release_at": "tomorrow"}, "release_at"),
    ({"release_at": "2030-01-01T00:00:00"}, "release_at"),
]


@pytest.mark.parametrize(("change", "field"), BAD_ORDERS)
def test_bad_input_is_named_by_its_field_and_changes_nothing(api: Api, change: dict[str, object], field: str) -> None:
    a_party(api, "a-buyer")
    a_party(api, "a-seller")
    good = {"ref": "o", "buyer": "a-buyer", "seller": "a-seller", "amount": ngn(100)}
    answer = api.post("/api/v1/orders", good | change)
    assert answer.status_code == 422, answer.text
    assert list(answer.json["errors"]) == [field]
    assert api.get("/api/v1/orders").json["data"] == []
