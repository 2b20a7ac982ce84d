"""Amounts: the decimals of each currency, how they are written, and the fee on a part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.bounded import PROPERTY
from webapp.domain.money.money import LARGEST, Money, exponent, fee_share, known_currencies, to_major

# ISO 4217, list one: the currencies with no minor unit, and those with a thousandth.
NONE = [
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "UYI",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
]
THREE = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
FOUR = ["CLF", "UYW"]
AMOUNTS = st.integers(0, LARGEST)
CURRENCIES = st.sampled_from(known_currencies())


@pytest.mark.parametrize("currency", known_currencies())
def test_a_currency_has_the_decimals_of_iso_4217(currency: str) -> None:
    published = {code: decimals for codes, decimals in ((NONE, 0), (THREE, 3), (FOUR, 4)) for code in codes}
    assert exponent(currency) == published.get(currency, 2)


def test_the_currencies_of_the_published_lists_are_known() -> None:
    assert set(NONE + THREE) <= set(known_currencies())
    assert {"NGN", "KES", "GHS", "ZAR", "EGP", "EUR", "USD"} <= set(known_currencies())
    assert known_currencies() == sorted(set(known_currencies()))


@pytest.mark.parametrize("code", ["", "ngn", "NG", "NGNN", "XXX", "XTS", "ZZZ", "₦", "NGN "])
def test_what_is_no_currency_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="not a currency code of ISO 4217"):
        exponent(code)


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (0, "NGN", "NGN 0.00"),
        (1, "NGN", "NGN 0.01"),
        (100, "NGN", "NGN 1.00"),
        (123_456_789, "NGN", "NGN 1,234,567.89"),
        (-5, "NGN", "NGN -0.05"),
        (-123_456, "NGN", "NGN -1,234.56"),
        (1, "JPY", "JPY 1"),
        (1_234_567, "UGX", "UGX 1,234,567"),
        (1, "KWD", "KWD 0.001"),
        (1_234_567, "TND", "TND 1,234.567"),
        (LARGEST, "NGN", "NGN 10,000,000,000,000.00"),
        (9_007_199_254_740_993, "NGN", "NGN 90,071,992,547,409.93"),  # 2**53 + 1, which a float cannot hold
    ],
)
def test_an_amount_is_written_exactly(amount: int, currency: str, written: str) -> None:
    assert str(Money(amount, currency)) == written


@PROPERTY
@given(amount=st.integers(-LARGEST, LARGEST), currency=CURRENCIES)
def test_no_amount_is_rounded_when_it_is_written(amount: int, currency: str) -> None:
    digits = str(Money(amount, currency)).removeprefix(f"{currency} ").replace(",", "").replace(".", "")
    assert int(digits) == amount
    assert to_major(amount, currency) * 10 ** exponent(currency) == amount


@pytest.mark.parametrize(
    ("fee", "part", "whole", "taken"),
    [
        (100, 1_000, 1_000, 100),
        (100, 500, 1_000, 50),
        (100, 0, 1_000, 0),
        (0, 1_000, 1_000, 0),
        (7, 1, 2, 3),
        (1, 999, 1_000, 0),
        (1_000, 1_000, 1_000, 1_000),
        (5, 0, 0, 0),
    ],
)
def test_a_fee_is_taken_in_proportion_and_rounded_down(fee: int, part: int, whole: int, taken: int) -> None:
    assert fee_share(fee, part, whole) == taken


@PROPERTY
@given(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS).map(sorted), st.data())
def test_a_fee_never_exceeds_its_part_nor_loses_more_than_a_unit(sizes: list[int], data: st.DataObject) -> None:
    *smaller, whole = sizes
    fee, part = data.draw(st.permutations(smaller))
    taken = fee_share(fee, part, whole)
    assert 0 <= taken <= min(fee, part)
    assert fee - fee_share(fee, whole - part, whole) - taken in (0, 1)
    if whole:
        assert taken * whole <= fee * part < (taken + 1) * whole
