"""Which of several transactions under one reference is the payment, and which were paid besides."""

from dataclasses import replace
from typing import Any

import pytest

from webapp.domain.payments.duplicate_payments import duplicate_reference, number_in, separate_duplicates
from webapp.domain.providers.provider_results import NoResponse, ProviderResponse, ProviderStatus, ReturnedAmount


def seen(number: str | None, status: ProviderStatus = ProviderStatus.SUCCEEDED, **more: Any) -> ProviderResponse:
    given: dict[str, Any] = {"amount": 100, "currency": "NGN", "provider_id": number} | more
    return ProviderResponse("pay-1", status, **given)


FIRST, SECOND, THIRD = seen("11"), seen("12"), seen("13")
ALL = replace(FIRST, others=(SECOND, THIRD))


def test_a_payment_besides_is_called_by_its_number() -> None:
    assert duplicate_reference("11") == "#11"
    assert number_in("#11") == "11"
    assert number_in("pay-1") is None


@pytest.mark.parametrize(
    ("number", "is_by_hand", "ours", "besides"),
    [
        (None, False, FIRST, [SECOND, THIRD]),
        ("11", False, FIRST, [SECOND, THIRD]),
        ("12", False, SECOND, [FIRST, THIRD]),
        ("99", False, FIRST, [SECOND, THIRD]),
        (None, True, FIRST, [FIRST, SECOND, THIRD]),
        ("12", True, FIRST, [FIRST, SECOND, THIRD]),
    ],
)
def test_the_payment_is_the_transaction_that_we_count_on(
    number: str | None, is_by_hand: bool, ours: ProviderResponse, besides: list[ProviderResponse]
) -> None:
    assert separate_duplicates(ALL, number, is_by_hand=is_by_hand) == (ours, besides)


def test_one_without_a_number_is_not_taken_for_one_that_we_know_no_number_of() -> None:
    nameless = seen(None, ProviderStatus.PENDING)
    assert separate_duplicates(replace(FIRST, others=(nameless,)), None, is_by_hand=False) == (FIRST, [])


@pytest.mark.parametrize(
    "other",
    [
        seen("12", ProviderStatus.FAILED),
        seen("12", ProviderStatus.PENDING),
        seen("12", amount=None),
        seen("12", amount=0),
        seen("12", currency=None),
        seen(None),
        seen("12", given_back=(ReturnedAmount(60), ReturnedAmount(40))),
    ],
)
def test_what_has_no_money_is_not_paid_besides(other: ProviderResponse) -> None:
    assert separate_duplicates(replace(FIRST, others=(other,)), "11", is_by_hand=False) == (FIRST, [])


@pytest.mark.parametrize("other", [seen("12", amount=1), seen("12", given_back=(ReturnedAmount(99),))])
def test_what_has_some_is(other: ProviderResponse) -> None:
    assert separate_duplicates(replace(FIRST, others=(other,)), "11", is_by_hand=False) == (FIRST, [other])


def test_silence_is_silence() -> None:
    silence = NoResponse("It did not answer.")
    assert separate_duplicates(silence, "11", is_by_hand=False) == (silence, ())
