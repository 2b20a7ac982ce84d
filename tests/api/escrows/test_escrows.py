"""Escrows over the API: release, refund, void, freezes, release dates, approvals."""

from datetime import timedelta

from tests.api.conftest import Api, an_order, ngn
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
