"""Every recorded answer of Paystack through the real client: each reads as its `right` says, and none crashes it."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.replay import Replay, replaying
from webapp.conformance import records
from webapp.domain.payments.refund_matching import Wanted, candidates
from webapp.domain.providers.provider_results import ProviderResponse, SkippedRow
from webapp.providers.http import errors as http_errors
from webapp.providers.http.circuit_breaker import FAILURES
from webapp.providers.http.errors import CallFailed
from webapp.providers.paystack.provider import Paystack
from webapp.providers.protocols import Checkout, Destination, PayoutInstruction
from webapp.providers.webhooks import reader
from webapp.providers.webhooks.payloads import SubjectType

ROWS: list[dict[str, Any]] = records.of("paystack")["answers"]
LONG_AGO, LATER = datetime(2014, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
KEY = "sk_live_recorded"
OUR_TRANSACTION = 1641
"""What verify says of the payment whose refunds are listed; the rows of strangers are of other transactions."""
Read = dict[str, Any] | str | list[dict[str, Any]] | None


@pytest.fixture
def replay(sqlite_url: str, tmp_path: Path) -> Iterator[Replay]:
    with replaying(sqlite_url, tmp_path, paystack_secret_key=KEY) as made:
        yield made


def of_kind(*endpoints: str) -> list[Any]:
    found = [row for row in ROWS if row["endpoint"] in endpoints]
    return [pytest.param(row, id=row["name"]) for row in found]


def paystack(replay: Replay, *answers: tuple[int, Any]) -> Paystack:
    replay.say(*answers)
    found = replay.providers.clients["paystack"]
    assert isinstance(found, Paystack)
    return found


def read_as(found: ProviderResponse) -> dict[str, Any]:
    return {"fate": str(found.status), "amount": found.amount, "currency": found.currency, "id": found.provider_id}


def outcome_of(ask: Callable[[], Any]) -> Any:
    """What a call ends with: its answer as it is read, or the name of how it failed."""
    try:
        found = ask()
    except CallFailed as failure:
        return type(failure).__name__
    return read_as(found) if isinstance(found, ProviderResponse) else found


def test_every_kind_of_call_that_is_recorded_is_driven() -> None:
    driven = {"initialize", "verify", "refund_create", "refund_list", "transactions", "transfers", "webhook"}
    assert {row["endpoint"] for row in ROWS} == driven | {"recipient", "transfer", "transfer_verify"}


@pytest.mark.parametrize("row", of_kind("initialize"))
def test_beginning_a_checkout(replay: Replay, row: dict[str, Any]) -> None:
    company = paystack(replay, (row["status"], row["says"]))
    checkout = Checkout("pay-1", 10_000, "NGN", "payer@example.com", "https://shop.example/back")
    assert outcome_of(lambda: company.start(checkout)) == row["right"]


@pytest.mark.parametrize("row", of_kind("verify"))
def test_asking_about_a_payment(replay: Replay, row: dict[str, Any]) -> None:
    company = paystack(replay, (row["status"], row["says"]))
    asks = row["asks"]
    assert (
        outcome_of(lambda: company.fetch_payment(asks["reference"]).without_payer_fee(asks.get("amount", 0)))
        == row["right"]
    )


@pytest.mark.parametrize("row", of_kind("refund_create"))
def test_giving_back(replay: Replay, row: dict[str, Any]) -> None:
    company = paystack(replay, (row["status"], row["says"]))
    asks = {"amount": 10_000, "currency": "NGN"} | row["asks"]
    given = outcome_of(
        lambda: company.refund(asks["reference"], asks["amount"], asks["currency"], "Refund by the desk", key="k")
    )
    assert given == row["right"]


@pytest.mark.parametrize("row", of_kind("refund_list"))
def test_looking_for_ours_among_the_refunds_of_a_payment(replay: Replay, row: dict[str, Any]) -> None:
    verify = next(each for each in ROWS if each["name"] == "verify-success")
    reference = row["asks"]["reference"]
    theirs = row["asks"].get("transaction", OUR_TRANSACTION)
    paid = json.loads(json.dumps(verify["says"]))
    paid["data"] |= {"id": theirs, "reference": reference}
    company = paystack(replay, (200, paid), (row["status"], row["says"]))
    rows = company.fetch_refunds(reference)
    assert f"transaction={theirs}&" in replay.stub.asked[1][1], "by its number, never by our reference"
    found = candidates(Wanted(row["asks"].get("amount", 10_000), "NGN", LONG_AGO), rows)
    assert len(found) <= 1
    read = [{"fate": str(each.status), "amount": each.amount, "currency": each.currency} for each in found]
    ids = [each.provider_id for each in found]
    right = row["right"]
    if right["fate"] == "absent":
        assert found == []
    else:
        assert read == [{name: right[name] for name in ("fate", "amount", "currency")}]
        assert ids == [right["id"]]
    assert [each.needs_person for each in found] == ["needs-attention" in row["name"]] * len(found)


def test_a_refund_is_asked_for_by_its_own_number(replay: Replay) -> None:
    listed = next(each for each in ROWS if each["name"] == "refund-list-new-shape-ours")["says"]["data"][0]
    company = paystack(replay, (200, {"status": True, "message": "Refund retrieved", "data": listed}))
    assert read_as(company.fetch_refund("12851478", "T685312322670591"))["fate"] == "succeeded"
    assert replay.stub.asked[0][1] == "/refund/12851478"
    with pytest.raises(http_errors.Unknown, match="12851478 where 1 was asked"):
        company.fetch_refund("1", "T685312322670591")


@pytest.mark.parametrize("row", of_kind("transactions", "transfers"))
def test_reading_a_list(replay: Replay, row: dict[str, Any]) -> None:
    nothing = {"status": True, "message": "None", "data": [], "meta": {"total": 0, "page": 1, "pageCount": 0}}
    company = paystack(replay, (row["status"], row["says"]), (200, nothing))
    ask = company.payments if row["endpoint"] == "transactions" else company.payouts
    found = list(ask(LONG_AGO, LATER))
    assert [read_as(each) for each in found if isinstance(each, ProviderResponse)] == row["right"]["read"]
    assert sum(isinstance(each, SkippedRow) for each in found) == row["right"]["skipped"]


def test_a_list_is_read_until_it_says_that_it_is_over(replay: Replay) -> None:
    """A page may be shorter than asked for, and the number of pages a text."""
    [row] = next(each for each in ROWS if each["name"] == "transactions-list-cursor-meta")["says"]["data"]
    pages = [(200, _page([row | {"id": number, "reference": f"r{number}"}], number)) for number in (1, 2, 3)]
    company = paystack(replay, *pages, (200, _page([], 1)))
    found = company.payments(LONG_AGO, LATER)
    assert [each.reference for each in found if isinstance(each, ProviderResponse)] == ["r1", "r2", "r3"]


def _page(rows: list[Any], page: int) -> dict[str, Any]:
    return {"status": True, "message": "x", "data": rows, "meta": {"page": page, "pageCount": "3" if rows else 0}}


@pytest.mark.parametrize("row", of_kind("recipient"))
def test_making_an_account_known(replay: Replay, row: dict[str, Any]) -> None:
    company = paystack(replay, (row["status"], row["says"]))
    account = Destination("nuban", "058", "0001234567", "Ada Payer", "NGN")
    assert outcome_of(lambda: company.register_recipient(account)) == row["right"]


@pytest.mark.parametrize("row", of_kind("transfer"))
def test_sending_a_payout(replay: Replay, row: dict[str, Any]) -> None:
    company = paystack(replay, (row["status"], row["says"]))
    sending = PayoutInstruction(row["asks"]["reference"], "RCP_1", row["asks"]["amount"], "NGN", "Payout")
    assert outcome_of(lambda: company.send_payout(sending)) == row["right"]


@pytest.mark.parametrize("row", of_kind("transfer_verify"))
def test_asking_about_a_payout(replay: Replay, row: dict[str, Any]) -> None:
    company = paystack(replay, (row["status"], row["says"]))
    assert outcome_of(lambda: company.fetch_payout(row["asks"]["reference"])) == row["right"]


@pytest.mark.parametrize("row", of_kind("webhook"))
def test_hearing_a_webhook(row: dict[str, Any]) -> None:
    told = reader.read("paystack", json.dumps(row["says"]).encode())
    assert (str(told.subject_type), told.unreadable) == (row["right"]["about"], "")
    if told.subject_type != SubjectType.NOTHING:
        assert told.reference == row["right"]["reference"]


def test_webhooks_that_repeat_with_another_status_have_another_key() -> None:
    keys = []
    for row in ROWS:
        body = row["says"]
        told = reader.read("paystack", json.dumps(body).encode()) if row["endpoint"] == "webhook" else None
        if told is not None and told.subject_type != SubjectType.NOTHING:
            again = reader.read("paystack", json.dumps(body, indent=1).encode())
            other = body | {"data": body["data"] | {"status": "another"}}
            assert again.key == told.key, row["name"]
            assert reader.read("paystack", json.dumps(other).encode()).key != told.key, row["name"]
            keys.append(told.key)
    assert len(keys) > 15


def test_an_address_that_is_not_allowed_says_nothing_against_our_key(replay: Replay) -> None:
    row = next(each for each in ROWS if each["name"] == "verify-ip-not-allowed-403")
    company = paystack(replay, (row["status"], row["says"]))
    for _ in range(9):  # so many refusals of a key would open the circuit for everything
        with pytest.raises(http_errors.NotDone, match="Your IP address is not allowed to make this call"):
            company.fetch_payment("r")


_NO_ADDRESS = "verify-ip-not-allowed-403"
_NO_CURRENCY = "initialize-currency-not-supported"
_NO_KEY = "verify-invalid-key-401"


@pytest.mark.parametrize(
    ("name", "right", "said", "opens"),
    [
        (_NO_ADDRESS, http_errors.PayoutsHeld, "Your IP address is not allowed to make this call", False),
        (_NO_CURRENCY, http_errors.ProviderRefused, "Currency not supported by merchant", False),
        (_NO_KEY, http_errors.KeyRefused, "Invalid key", True),
    ],
)
def test_only_a_wrong_key_keeps_payouts_of_everybody_back(
    replay: Replay, name: str, right: type[CallFailed], said: str, opens: bool
) -> None:
    """An address, a currency and a key are three different things, also when it is a payout that is refused."""
    row = next(each for each in ROWS if each["name"] == name)
    company = paystack(replay, (row["status"], row["says"]))
    for number in range(FAILURES):
        with pytest.raises(CallFailed, match=said) as told:
            company.send_payout(PayoutInstruction(f"payout-{number}", "RCP_1", 100, "NGN", "Payout"))
        assert type(told.value) is right
    queued = next(each for each in ROWS if each["name"] == "transfer-pending")
    replay.stub.say((queued["status"], queued["says"]))
    another = PayoutInstruction(queued["asks"]["reference"], "RCP_2", queued["asks"]["amount"], "NGN", "Payout")
    end = outcome_of(lambda: company.send_payout(another))
    assert (end, len(replay.stub.asked)) == (("NotSent", 0) if opens else (queued["right"], 1))


@pytest.mark.parametrize(("currency", "ours", "theirs"), [("XOF", 5_000, 500_000), ("EGP", 5_000, 5_000)])
def test_sub_units_are_a_hundred_to_the_unit_of_every_currency(
    replay: Replay, currency: str, ours: int, theirs: int
) -> None:
    begun = next(each for each in ROWS if each["name"] == "initialize-ok")
    company = paystack(replay, (200, begun["says"]))
    company.start(Checkout("pay-1", ours, currency, "payer@example.com", "https://shop.example/back"))
    assert replay.stub.asked[0][2]["amount"] == theirs
    verified = json.loads(json.dumps(next(each for each in ROWS if each["name"] == "verify-xof")["says"]))
    for amount in (theirs, str(theirs), float(theirs)):
        verified["data"] |= {"amount": amount, "requested_amount": amount, "currency": currency}
        found = paystack(replay, (200, verified)).fetch_payment("re4lyvq3s3")
        assert (found.amount, found.requested, found.currency) == (ours, ours, currency)


def test_a_listed_refund_in_an_unknown_currency_ends_no_comparison(replay: Replay) -> None:
    listed = json.loads(json.dumps(next(each for each in ROWS if each["name"] == "refund-list-others")["says"]))
    listed["data"].append(listed["data"][0] | {"id": 3, "currency": "XXQ"})
    found = list(paystack(replay, (200, listed)).refunds(LONG_AGO, LATER))
    assert [type(each).__name__ for each in found] == ["ListedRefund", "ListedRefund", "SkippedRow"]
