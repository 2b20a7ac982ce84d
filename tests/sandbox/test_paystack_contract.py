"""The sandbox's Paystack is held to the recorded answers: status, keys, types, and the values that tell."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.sandbox import Sandbox, sandbox
from webapp.conformance import records, servers
from webapp.conformance.comparing import differences
from webapp.conformance.exchanges import replay
from webapp.sandbox.core.settings import SANDBOX_KEYS

RECORDED = records.of("paystack")
BY_NAME = {row["name"]: row for row in RECORDED["answers"]}
KEY = SANDBOX_KEYS["PAYSTACK_SECRET_KEY"]
TELLING = ("code", "message", "type")


@pytest.fixture(scope="module")
def place() -> Iterator[Sandbox]:
    with sandbox() as made:
        yield made


@pytest.fixture(scope="module")
def paid(place: Sandbox) -> str:
    """The reference of a payment of 100.00."""
    ask(place, "POST", "/transaction/initialize", email="payer@example.com", amount=10_000, reference="paid-0001")
    place.pay("paid-0001")
    return "paid-0001"


def ask(place: Sandbox, method: str, path: str, **body: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {KEY}"}
    url = f"{place.served.url}/paystack{path}"
    return requests.request(method, url, json=body or None, headers=headers, timeout=10)


def held_to(name: str, answer: requests.Response, *, telling: tuple[str, ...] = TELLING, **but: Any) -> None:
    """The answer is as recorded; `but` changes what was recorded of data where our world is another."""
    row = json.loads(json.dumps(BY_NAME[name]))
    if but:
        row["says"]["data"] |= but
    assert answer.status_code == row["status"], answer.text
    assert list(differences(row["says"], answer.json(), telling)) == []


def test_every_exchange_is_answered_as_recorded(place: Sandbox) -> None:
    [server] = [each for each in servers.own(place.served.url) if each.provider == "paystack"]
    found = list(replay(server, RECORDED))
    assert len(found) >= 14
    assert [(each.name, each.differences) for each in found if each.differences] == []


def test_a_payment_is_verified_and_listed_as_recorded(place: Sandbox, paid: str) -> None:
    held_to("verify-success", ask(place, "GET", f"/transaction/verify/{paid}"), telling=("message", "status"))
    page = ask(place, "GET", "/transaction?perPage=1&use_cursor=true").json()
    recorded = BY_NAME["transactions-list-cursor-meta"]["says"]
    assert page["data"][0].keys() == recorded["data"][0].keys()
    assert page["meta"].keys() == recorded["meta"].keys()


def test_refunds_are_made_listed_and_refused_as_recorded(place: Sandbox, paid: str) -> None:
    money = "POST", "/refund"
    held_to("refund-create-currency", ask(place, *money, transaction=paid, amount=5_000, currency="USD"))
    held_to("refund-create-minimum", ask(place, *money, transaction=paid, amount=10), telling=())
    made = ask(place, *money, transaction=paid, amount=4_000, merchant_note="Refund by the desk")
    held_to("refund-create-pending", made, telling=("message",))
    exceeding = ask(place, *money, transaction=paid, amount=6_001)
    assert (exceeding.status_code, exceeding.json()["message"]) == (
        400,
        "Total refund amount cannot exceed original transaction amount",
    )
    listed = ask(place, "GET", f"/refund?transaction={_number(place, paid)}").json()
    recorded = BY_NAME["refund-list-new-shape-ours"]["says"]
    assert list(differences(recorded["data"][0], listed["data"][0], ())) == []
    assert recorded["meta"].keys() == listed["meta"].keys()
    held_to("refund-list-by-reference-is-empty", ask(place, "GET", f"/refund?transaction={paid}"))
    again = ask(place, "POST", f"/refund/retry_with_customer_details/{made.json()['data']['id']}", x=1)
    held_to("refund-retry-wrong-state", again)
    assert ask(place, *money, transaction=paid, amount=6_000).status_code == 200
    held_to("refund-create-fully-reversed", ask(place, *money, transaction=paid, amount=1_000))


def _number(place: Sandbox, reference: str) -> int:
    return int(ask(place, "GET", f"/transaction/verify/{reference}").json()["data"]["id"])
