"""Every body that Flutterwave is known to answer with, through the real client: each reads as it should."""

import json
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from tests.providers.conftest import V3, V4
from tests.support.replay import Replay, replaying
from webapp.conformance import records
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus, RefundRow, SkippedRow
from webapp.models import ProviderToken
from webapp.providers.flutterwave.common import idempotency_key
from webapp.providers.http import errors as http_errors
from webapp.providers.http.errors import CallFailed
from webapp.providers.protocols import Checkout
from webapp.providers.webhooks import reader

RECORDS: list[dict[str, Any]] = records.of("flutterwave")["bodies"]
CHECKOUT = Checkout("pay-1", 30_000, "NGN", "ama@example.com", "https://desk.example/back")
LONG_AGO, SOON = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
TOKEN = (200, {"access_token": "t", "expires_in": 600, "token_type": "Bearer"})
NONE = (200, {"status": "success", "message": "none", "meta": {"page_info": {"total_pages": 0}}, "data": []})
CUSTOMER = (201, {"status": "success", "data": {"id": "cus_1", "email": "ama@example.com"}})


def of(*calls: str) -> list[Any]:
    """The records of calls, by name."""
    return [pytest.param(each, id=each["name"]) for each in RECORDS if each["call"] in calls]


def desk_in_front(template: Path, folder: Path, keys: dict[str, str]) -> AbstractContextManager[Replay]:
    return replaying(f"sqlite:///{shutil.copy(template, folder / 'desk.sqlite3')}", folder, **keys)


@pytest.fixture(scope="module")
def v3(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    with desk_in_front(sqlite_template, tmp_path_factory.mktemp("v3"), V3) as made:
        yield made


@pytest.fixture(scope="module")
def begun_v4(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    with desk_in_front(sqlite_template, tmp_path_factory.mktemp("v4"), V4) as made:
        yield made


@pytest.fixture
def v4(begun_v4: Replay) -> Replay:
    """One that has no token yet."""
    with begun_v4.runtime.db.transaction() as session:
        session.execute(delete(ProviderToken))
    return begun_v4


def body(record: Any) -> tuple[int, Any]:
    return record["status"], record["says"]


def paid(currency: str, amount: float = 100, reference: str = "pay-1") -> tuple[int, Any]:
    """A successful transaction of v3, the one that the recorded refunds are of."""
    data = {"id": 288200108, "tx_ref": reference, "status": "successful", "amount": amount, "currency": currency}
    return 200, {"status": "success", "message": "ok", "data": data}


def check(record: Any, ask: Any) -> None:
    """What the client makes of it is what `reads` allows."""
    wanted, found = record["reads"], outcome(ask)
    if isinstance(found, CallFailed):
        names = wanted.get("raises", ())
        assert type(found).__name__ in names, f"{type(found).__name__}: {found.sentence}"
        assert wanted.get("says", "").lower() in found.sentence.lower()
        assert wanted.get("retry_after") in (None, found.retry_after)
        return
    assert "raises" not in wanted, found
    same(found, wanted)


def outcome(ask: Any) -> Any:
    """What it gives, or how it fails."""
    try:
        return ask()
    except CallFailed as failure:
        return failure


def same(found: Any, wanted: Any) -> None:
    if isinstance(found, ProviderResponse):
        assert found.status in wanted["fate"]
        for name, attribute in (("amount", "amount"), ("currency", "currency"), ("id", "provider_id")):
            assert wanted.get(name) in (None, getattr(found, attribute))
    elif isinstance(found, str):
        assert found == wanted["address"]
    else:
        rows = [{"id": r.provider_id, "fate": r.status, "amount": r.amount, "currency": r.currency} for r in found]
        assert rows == wanted["refunds"]


def test_there_are_as_many_as_were_written_down() -> None:
    assert len(RECORDS) == 101
    assert all(each["source"] and each["right"] and each["reads"] for each in RECORDS)


@pytest.mark.parametrize("record", of("GET /v3/transactions/verify_by_reference"))
def test_a_transaction_of_v3(v3: Replay, record: Any) -> None:
    v3.say(body(record), *([NONE] if record["status"] == 200 and isinstance(record["says"], dict) else []))
    v3.stub.headers = record.get("headers", {})
    check(record, lambda: v3.providers.payment_collectors["flutterwave"].fetch_payment("pay-1"))


@pytest.mark.parametrize("record", of("GET /v3/transactions"))
def test_a_list_of_v3_is_read_to_its_end(v3: Replay, record: Any) -> None:
    v3.say(body(record))
    found = list(v3.providers.transaction_listers["flutterwave"].payments(LONG_AGO, SOON))
    assert sum(isinstance(each, ProviderResponse) for each in found) == record["reads"]["successes"]
    assert sum(isinstance(each, SkippedRow) for each in found) == record["reads"].get("skipped", 0)


@pytest.mark.parametrize("record", of("POST /v3/payments"))
def test_a_link_of_v3(v3: Replay, record: Any) -> None:
    v3.say(body(record))
    check(record, lambda: v3.providers.payment_collectors["flutterwave"].start(CHECKOUT))
    sent = v3.stub.asked[0][2]
    assert (sent["session_duration"], sent["max_retry_attempt"]) == (1440, 5)


@pytest.mark.parametrize("record", of("POST /v3/transactions/{id}/refund"))
def test_a_refund_of_v3(v3: Replay, record: Any) -> None:
    v3.say(paid("NGN", 5_000), body(record))
    company = v3.providers.refund_senders["flutterwave"]
    check(record, lambda: company.refund("pay-1", 500_000, "NGN", "Refund by the desk", key="k"))
    assert [call[:2] for call in v3.stub.asked if call[0] == "POST"] == [("POST", "/v3/transactions/288200108/refund")]


@pytest.mark.parametrize("record", of("GET /v3/refunds"))
def test_the_refunds_of_v3(v3: Replay, record: Any) -> None:
    v3.say(paid("NGN"), body(record))
    wanted = record["reads"]
    check(
        {"reads": {"refunds": []} if "fate" in wanted else wanted},
        lambda: v3.providers.refund_senders["flutterwave"].fetch_refunds("pay-1"),
    )


@pytest.mark.parametrize("record", of("GET /charges"))
def test_a_charge_of_v4(v4: Replay, record: Any) -> None:
    v4.say(TOKEN, body(record))
    if record["name"] == "v4-401":
        v4.say(TOKEN, body(record), TOKEN, body(record))
    check(record, lambda: v4.providers.payment_collectors["flutterwave"].fetch_payment("pay-1"))
    if tokens := record["reads"].get("tokens"):
        assert sum(method == "POST" for method, *_ in v4.stub.asked) == tokens


@pytest.mark.parametrize("record", of("POST /checkout/sessions", "POST /charges"))
def test_a_checkout_of_v4(v4: Replay, record: Any) -> None:
    """What waits for a PIN or an instruction is there, and shows no address: unknown, and looked at."""
    v4.say(TOKEN, CUSTOMER, body(record))
    wanted = record["reads"]
    if "fate" in wanted:
        wanted = {"raises": ["Unknown"], "says": "pending"}
    check({"reads": wanted}, lambda: v4.providers.payment_collectors["flutterwave"].start(CHECKOUT))


@pytest.mark.parametrize("record", of("POST /refunds"))
def test_a_refund_of_v4(v4: Replay, record: Any) -> None:
    amount, charge = refunded(record)
    v4.say(TOKEN, charged(charge), body(record))
    company = v4.providers.refund_senders["flutterwave"]
    check(record, lambda: company.refund("pay-1", amount * 100, "NGN", "Refund by the desk", key="refund-1"))


@pytest.mark.parametrize("record", of("GET /refunds"))
def test_the_refunds_of_v4(v4: Replay, record: Any) -> None:
    v4.say(TOKEN, charged(record["reads"]["of"]), body(record))
    check(record, lambda: v4.providers.refund_senders["flutterwave"].fetch_refunds("pay-1"))
    assert "from=2025-02-05T11" in v4.stub.asked[-1][1]


@pytest.mark.parametrize("record", of("POST /realms/flutterwave/protocol/openid-connect/token"))
def test_a_token_of_v4(v4: Replay, record: Any) -> None:
    v4.say(body(record))
    tokens = v4.providers.clients["flutterwave"].tokens
    assert tokens is not None
    if "token" in record["reads"]:
        assert tokens.current() == record["reads"]["token"]
        return
    check(record, tokens.current)


@pytest.mark.parametrize("record", of("webhook"))
def test_a_webhook(record: Any) -> None:
    told, wanted = reader.read("flutterwave", json.dumps(record["says"]).encode()), record["reads"]
    assert not told.unreadable
    assert told.subject_type == wanted["about"]
    assert (told.reference if told.subject_type == "payment" else None) == wanted.get("reference")
    assert wanted.get("number", "") in ("", told.number)


def charged(number: str) -> tuple[int, Any]:
    made = {"id": number, "reference": "pay-1", "created_datetime": "2025-02-06T11:00:00.000Z"}
    row = made | {"status": "succeeded", "amount": 5_000, "currency": "NGN"}
    return 200, {"status": "success", "message": "ok", "meta": {"page_info": {"total_pages": 1}}, "data": [row]}


def refunded(record: Any) -> tuple[int, str]:
    data = record["says"].get("data") or {}
    return int(data.get("amount_refunded") or data.get("amount") or 175), data.get("charge_id") or "chg_1"


def test_a_failed_attempt_and_then_a_success_is_a_success(v3: Replay) -> None:
    v3.say(attempts(("failed", 7001)), listed(("successful", 7002), ("failed", 7001)))
    seen = v3.providers.payment_collectors["flutterwave"].fetch_payment("pay-1")
    assert (seen.status, seen.provider_id, seen.others) == (ProviderStatus.SUCCEEDED, "7002", ())


def test_two_successes_under_one_reference_are_both_told(v3: Replay) -> None:
    v3.say(attempts(("successful", 9001)), listed(("successful", 9002), ("successful", 9001)), NONE)
    seen = v3.providers.payment_collectors["flutterwave"].fetch_payment_with_refunds("pay-1")
    assert (seen.provider_id, [each.provider_id for each in seen.others]) == ("9001", ["9002"])
    assert (seen.given_back, seen.others[0].given_back) == ((), ())


def test_a_refund_that_is_pending_is_found_again_in_the_list(v3: Replay) -> None:
    v3.say(paid("NGN"), refunds({"id": 8612, "transaction_id": 288200108, "status": "completed-momo"}))
    assert v3.providers.refund_senders["flutterwave"].fetch_refund("8612", "pay-1").status == ProviderStatus.SUCCEEDED


def test_a_part_that_somebody_gave_back_is_a_row_of_its_own_sum(v4: Replay) -> None:
    v4.say(TOKEN, charged("chg_1"), refunds({"id": "rfd_dash", "status": "succeeded", "charge_id": "chg_1"}, 20))
    rows = v4.providers.refund_senders["flutterwave"].fetch_refunds("pay-1")
    assert rows == [RefundRow("rfd_dash", ProviderStatus.SUCCEEDED, 2_000, "NGN", None, "succeeded")]


def attempts(*tried: tuple[str, int]) -> tuple[int, Any]:
    [(status, number)] = tried
    return 200, {"status": "success", "message": "ok", "data": transaction(status, number)}


def listed(*tried: tuple[str, int]) -> tuple[int, Any]:
    rows = [transaction(*each) for each in tried]
    return 200, {"status": "success", "meta": {"page_info": {"total_pages": 1}}, "data": rows}


def transaction(status: str, number: int) -> dict[str, Any]:
    return {"id": number, "tx_ref": "pay-1", "status": status, "amount": 100, "currency": "NGN"}


def refunds(row: dict[str, Any], amount: int = 100) -> tuple[int, Any]:
    rows = [row | {"amount_refunded": amount}]
    return 200, {"status": "success", "meta": {"page_info": {"total_pages": 1}}, "data": rows}


def test_a_reference_that_exists_is_looked_at_and_its_payer_found(v4: Replay) -> None:
    there = {"status": "failed", "error": {"type": "X", "code": "1100409", "message": "Reference already exists"}}
    known = (200, {"status": "success", "data": [{"id": "cus_9", "email": "ama@example.com"}]})
    v4.say(TOKEN, (409, there), known, (409, there))
    with pytest.raises(http_errors.Exists):
        v4.providers.payment_collectors["flutterwave"].start(CHECKOUT)
    assert v4.stub.asked[-1][2]["customer_id"] == "cus_9"


@pytest.mark.parametrize("said", ["Request is not valid", "amount is greater than what is left"])
def test_a_refund_that_is_not_valid_is_not_known_to_be_refused(v4: Replay, said: str) -> None:
    """A part of the payment may have gone back: it is looked at, and nobody is credited."""
    wrong = {"status": "failed", "error": {"type": "REQUEST_NOT_VALID", "code": "10400", "message": said}}
    v4.say(TOKEN, charged("chg_1"), (400, wrong))
    with pytest.raises(http_errors.Unknown):
        v4.providers.refund_senders["flutterwave"].refund("pay-1", 17_500, "NGN", "x", key="deskrefund0001")


def test_a_link_is_disabled_by_its_address(v3: Replay) -> None:
    v3.say((200, {"status": "success", "message": "Link disabled", "data": None}))
    v3.providers.checkout_closers["flutterwave"].end("https://checkout.example/x")
    assert v3.stub.asked == [("POST", "/v3/payments/link/disable", {"link": "https://checkout.example/x"})]


@pytest.mark.parametrize("text", ["a", "refund-1", "checkout-pay-1", "\u00e4" * 300])
def test_keys_are_letters_and_digits(text: str) -> None:
    assert idempotency_key(text).isalnum()
    assert 12 <= len(idempotency_key(text)) <= 255
