"""Flutterwave, v3 and v4: exact amounts, our reference, and nothing given back twice."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import create_autospec

import pytest
from sqlalchemy import select

from tests.providers.conftest import V3, V4, Outfit
from tests.sandbox.conftest import Caller
from tests.support.job_runs import run_job_now
from webapp import clock
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus, ReturnedAmount, SkippedRow
from webapp.models import Discrepancy
from webapp.providers.flutterwave.common import HostedPages, pages
from webapp.providers.flutterwave.oauth_token import Tokens
from webapp.providers.flutterwave.v4 import FlutterwaveV4
from webapp.providers.http.client import HttpClient
from webapp.providers.http.errors import NotSent, Unknown
from webapp.providers.protocols import Checkout
from webapp.runtime import Runtime

CHECKOUT = Checkout("pay-01", 250_050, "NGN", "ama@example.com", "https://desk.example/back")
pytestmark = pytest.mark.usefixtures("leased")
BOTH = pytest.mark.parametrize("keys", [V3, V4], ids=["v3", "v4"])


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("sqlite_url"))


def flutterwave(runtime: Runtime) -> Any:
    found = runtime.providers.clients["flutterwave"]
    assert found is not None
    return found


@BOTH
def test_a_payment_is_known_by_our_reference_to_the_last_minor_unit(
    outfit: Outfit, sandbox: Caller, keys: dict[str, str]
) -> None:
    company = flutterwave(outfit(**keys))
    address = company.start(CHECKOUT)
    assert address.startswith("http")
    assert company.fetch_payment("pay-01").status in (ProviderStatus.ABSENT, ProviderStatus.PENDING)

    sandbox.control("pay/flutterwave/pay-01", {"outcome": "success", "webhook": False})
    seen = company.fetch_payment("pay-01")

    assert (seen.reference, seen.status, seen.amount, seen.currency) == (
        "pay-01",
        ProviderStatus.SUCCEEDED,
        250_050,
        "NGN",
    )
    assert seen.provider_id


@BOTH
def test_a_payment_that_failed_and_one_that_is_unknown(outfit: Outfit, sandbox: Caller, keys: dict[str, str]) -> None:
    company = flutterwave(outfit(**keys))
    company.start(CHECKOUT)
    sandbox.control("pay/flutterwave/pay-01", {"outcome": "failed", "webhook": False})

    assert company.fetch_payment("pay-01").status == ProviderStatus.FAILED
    assert company.fetch_payment("pay-02").status == ProviderStatus.ABSENT


@BOTH
def test_an_amount_with_too_many_decimals_is_not_believed(
    outfit: Outfit, sandbox: Caller, keys: dict[str, str]
) -> None:
    company = flutterwave(outfit(**keys))
    company.start(CHECKOUT)
    sandbox.control("pay/flutterwave/pay-01", {"outcome": "success", "amount": 2500.505, "webhook": False})

    with pytest.raises(Unknown, match="too many decimals"):
        company.fetch_payment("pay-01")


def test_v3_gives_back_what_was_paid_and_says_so_when_asked(outfit: Outfit, sandbox: Caller) -> None:
    company = flutterwave(outfit(**V3))
    company.start(CHECKOUT)
    with pytest.raises(Unknown, match="no successful NGN payment"):
        company.refund("pay-01", 250_050, "NGN", "changed their mind", key="deskrefund00000001")
    sandbox.control("pay/flutterwave/pay-01", {"outcome": "success", "webhook": False})
    assert company.fetch_refunds("pay-01") == []
    sandbox.control("options", {"refund_seconds": 30})

    given = company.refund("pay-01", 250_050, "NGN", "changed their mind", key="deskrefund00000001")
    sandbox.control(f"refunds/flutterwave/{given.provider_id}", {"outcome": "completed-mpgs"})
    seen = company.fetch_refund(given.provider_id or "", "pay-01")

    assert company.fetch_refund("4711", "pay-01").status == ProviderStatus.ABSENT, "another number is not ours"
    assert company.fetch_payment_with_refunds("pay-01").given_back == (ReturnedAmount(250_050),)
    assert (given.status, seen.status, given.amount, seen.amount) == (
        ProviderStatus.PENDING,
        ProviderStatus.SUCCEEDED,
        250_050,
        250_050,
    )


def test_v3_is_not_believed_about_another_reference(outfit: Outfit) -> None:
    company = flutterwave(outfit(**V3))
    other = {"id": 7, "tx_ref": "pay-other", "amount": 1, "currency": "NGN", "status": "successful"}
    company._client = Answering({"data": other}, {"data": []})

    assert company.fetch_payment("pay-01").status == ProviderStatus.PENDING


def test_v4_is_not_believed_about_charges_of_other_references() -> None:
    other = {"id": "chg_1", "reference": "pay-other", "amount": 1, "currency": "NGN", "status": "succeeded"}

    assert v4_with({"data": [other]}, {"data": []}).fetch_payment("pay-01").status == ProviderStatus.ABSENT


def test_v4_tells_of_two_successes_under_one_reference() -> None:
    mine = {"id": "chg_1", "reference": "pay-01", "amount": 1, "currency": "NGN", "status": "succeeded"}
    seen = v4_with({"data": [mine | {"id": "chg_2"}, mine]}, {"data": []}).fetch_payment("pay-01")

    assert (seen.provider_id, [each.provider_id for each in seen.others]) == ("chg_1", ["chg_2"])


def v4_over(client: HttpClient) -> FlutterwaveV4:
    return FlutterwaveV4(client, create_autospec(Tokens, instance=True), HostedPages(60, 3))


def v4_with(*bodies: dict[str, Any]) -> FlutterwaveV4:
    return v4_over(Answering(*bodies))


def test_v4_gives_back_under_the_key_of_the_refund() -> None:
    charge = {"id": "chg_1", "reference": "pay-01", "amount": Decimal("25.5"), "currency": "NGN", "status": "succeeded"}
    refund = {"id": "rfd_1", "charge_id": "chg_1", "amount_refunded": Decimal("25.5"), "status": "pending"}
    none: dict[str, Any] = {"data": []}
    asked = Answering({"data": [charge]}, none, {"data": refund}, {"data": [charge]}, none, {"data": refund})
    company = v4_over(asked)

    given = company.refund("pay-01", 2550, "NGN", "changed their mind", key="deskrefund00000001")
    seen = company.fetch_refund("rfd_1", "pay-01")

    assert asked.posted[0][1]["amount"] == 25.5
    assert asked.posted[0][2] == {"X-Idempotency-Key": "deskrefund00000001"}
    assert (given.status, seen.status, seen.amount) == (ProviderStatus.PENDING, ProviderStatus.PENDING, 2550)


def test_a_long_list_of_refunds_is_looked_through(outfit: Outfit) -> None:
    paid = {"id": 7, "tx_ref": "pay-01", "amount": 1, "currency": "NGN", "status": "successful"}
    ours = {"id": 3, "transaction_id": 7, "amount_refunded": 1, "status": "completed-mpgs"}
    company = flutterwave(outfit(**V3))
    company._client = Answering(
        {"data": paid}, *[{"data": [{"transaction_id": 8}]}] * 60, {"data": [ours]}, {"data": []}
    )

    assert [row.provider_id for row in company.fetch_refunds("pay-01")] == ["3"]


def test_v4_looks_for_refunds_from_the_day_before_the_charge_on() -> None:
    at = "2026-03-02T10:00:00.000Z"
    charge = {"id": "chg_1", "reference": "pay-01", "amount": 1, "currency": "NGN", "status": "succeeded"}
    ours = {"id": "rfd_1", "charge_id": "chg_1", "amount_refunded": 1, "status": "succeeded"}
    rows = [ours | {"id": "rfd_9", "charge_id": "chg_9"}, ours]
    client = Answering({"data": [charge | {"created_datetime": at}]}, {"data": []}, {"data": rows}, {"data": []})
    company = v4_over(client)

    assert [row.provider_id for row in company.fetch_refunds("pay-01")] == ["rfd_1"]
    lists = [asked for path, asked in client.got if path == "/refunds"]
    assert lists == [{"page": page, "from": "2026-03-01T10:00:00Z"} for page in (1, 2)]


def test_v4_finds_its_refund_in_the_sandbox_among_those_of_a_time(outfit: Outfit, sandbox: Caller) -> None:
    company = flutterwave(outfit(**V4))
    company.start(CHECKOUT)
    sandbox.control("pay/flutterwave/pay-01", {"outcome": "success", "webhook": False})

    given = company.refund("pay-01", 250_050, "NGN", "changed their mind", key="deskrefund00000001")

    assert [row.provider_id for row in company.fetch_refunds("pay-01")] == [given.provider_id]


def test_a_list_that_does_not_end_is_not_taken_for_an_absence() -> None:
    with pytest.raises(Unknown, match="too long"):
        list(pages(Answering(*[{"data": [{"id": 8}]}] * 9), "/v3/refunds", most=3))


def test_a_token_that_is_taken_back_is_replaced_in_the_same_call(outfit: Outfit, sandbox: Caller) -> None:
    company = flutterwave(outfit(**V4))
    company.start(CHECKOUT)
    sandbox.control("tokens", method="DELETE")

    assert company.fetch_payment("pay-01").status == ProviderStatus.ABSENT, "nobody has tried to pay"


def test_without_a_token_nothing_is_sent(outfit: Outfit, sandbox: Caller) -> None:
    company = flutterwave(outfit(**V4 | {"flutterwave_client_secret": "not the secret"}))

    with pytest.raises(NotSent, match="gives no token") as caught:
        company.start(CHECKOUT)

    assert "not the secret" not in str(caught.value)
    assert "flutterwave.charge" not in sandbox.control("store", method="GET")["counts"]


class Answering(HttpClient):
    """A client that answers with these bodies, one after the other."""

    def __init__(self, *bodies: dict[str, Any]) -> None:
        self.bodies = list(bodies)
        self.posted: list[tuple[str, Any, Mapping[str, str] | None]] = []
        self.got: list[tuple[str, dict[str, Any]]] = []

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        self.got.append((path, params))
        return {"status": "success"} | self.bodies.pop(0)

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        self.posted.append((path, body, headers))
        return {"status": "success"} | self.bodies.pop(0)


@BOTH
def test_what_was_paid_within_a_time_is_listed_newest_first(
    outfit: Outfit, sandbox: Caller, keys: dict[str, str]
) -> None:
    company = flutterwave(outfit(**keys))
    for number in range(1, 26):
        company.start(replace(CHECKOUT, reference=f"pay-n{number}"))
        if number != 7:
            sandbox.control(f"pay/flutterwave/pay-n{number}", {"outcome": "success", "webhook": False})
    now, strangers = clock.now(), 2 if keys == V3 else 1
    hour = timedelta(hours=1)

    listed = list(company.payments(now - hour, now + hour))
    assert sum(isinstance(each, SkippedRow) for each in listed) == strangers
    listed = [each for each in listed if isinstance(each, ProviderResponse)]
    assert sorted(seen.reference for seen in listed) == sorted(f"pay-n{n}" for n in range(1, 26) if n != 7)
    assert {(seen.status, seen.amount, seen.currency) for seen in listed} == {
        (ProviderStatus.SUCCEEDED, 250_050, "NGN")
    }
    sandbox.control("options", {"strangers": False})
    assert list(company.payments(now + hour, now + 2 * hour)) == []
    assert list(company.payments(now - 2 * hour, now - hour)) == []


def test_a_payment_that_only_flutterwave_knows_is_missing_here(outfit: Outfit, sandbox: Caller) -> None:
    desk = outfit(**V4)
    flutterwave(desk).start(CHECKOUT)
    sandbox.control("pay/flutterwave/pay-01", {"outcome": "success", "webhook": False})
    assert run_job_now(desk, "verify_books").status == "succeeded"

    with desk.db.reading() as session:
        found = session.execute(select(Discrepancy.source, Discrepancy.reference, Discrepancy.kind)).all()
    assert found == [("flutterwave-payments", "pay-01", "missing_here")]
