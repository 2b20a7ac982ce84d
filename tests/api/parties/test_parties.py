"""Parties and their money over the API, on both databases."""

from tests.api.conftest import Api, Caller, a_party, ngn
from tests.support.market import all_books_agree
from webapp.runtime import Runtime


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


def test_a_party_has_a_language_and_a_zone_or_is_refused(api: Api) -> None:
    made = api.made("/api/v1/parties", {"ref": "amina", "name": "Amina", "language": "fr", "zone": "Africa/Kigali"})
    assert (made["language"], made["zone"]) == ("fr", "Africa/Kigali")
    changed = api.post(f"/api/v1/parties/{made['id']}/change", {"language": "rw"}).json
    assert (changed["language"], changed["zone"]) == ("rw", "Africa/Kigali")
    for wrong in ({"language": "xx"}, {"language": "FR"}, {"zone": "Kigali"}, {"zone": "CAT+2"}):
        answer = api.post("/api/v1/parties", {"ref": "x", "name": "X", **wrong})
        assert answer.status_code == 422
        assert list(wrong) == list(answer.json["errors"])


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


def test_a_party_is_forgotten_once_nothing_is_open(api: Api, place: Runtime, caller: Caller) -> None:
    party = a_party(api, "p")
    forget, asked = f"/api/v1/parties/{party['id']}/forget", {"reason": "Asked.", "confirmation": party["ref"]}
    assert api.post(forget, asked).status_code == 403
    may = caller("parties:forget", "parties", "parties:money")
    api.made(f"/api/v1/parties/{party['id']}/debts", {"amount": ngn(5), "reference": "d", "provider_reference": "T"})
    refused = may.post(forget, asked)
    assert (refused.status_code, "It owes NGN 0.05" in refused.json["detail"]) == (409, True)
    api.made(f"/api/v1/parties/{party['id']}/deposits", {"amount": ngn(5), "reference": "w", "provider_reference": "T"})
    api.made(f"/api/v1/parties/{party['id']}/repayments", {"amount": ngn(5), "reference": "r", "reason": "So."})
    assert may.post(forget, asked | {"confirmation": "q"}).status_code == 422
    done = may.post(forget, asked)
    assert (done.status_code, done.json["forgotten_at"] is not None) == (200, True)
    assert may.post(forget, asked).json["replaced"] == {}
    assert api.get(f"/api/v1/parties/{party['id']}").json["name"] == f"Forgotten party {party['id']}"
    assert may.post(f"/api/v1/parties/{party['id']}/change", {"name": "Again"}).status_code == 409
    all_books_agree(place)
