"""Amounts as people write them, in every number of decimals that a currency has."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.money.amounts import parse_amount, parse_any_currency
from webapp.domain.money.money import LARGEST, exponent, from_major, known_currencies, major_text


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("12", "RWF", 12),
        ("12.00", "RWF", 12),
        ("10.0000", "NGN", 1_000),
        ("1,250", "RWF", 1_250),
        ("1,250", "NGN", 125_000),
        ("1,250,000.5", "NGN", 125_000_050),
        ("0012.5", "NGN", 1_250),
        (" 0.59 ", "BRL", 59),
        ("541.0", "BRL", 54_100),
        ("0.001", "KWD", 1),
        ("1.234", "KWD", 1_234),
        ("1,250.5", "KWD", 1_250_500),
        ("1,250,000", "KWD", 1_250_000_000),
        ("0", "NGN", 0),
        ("10000000000000.00", "NGN", LARGEST),
        ("10.00", "ZWG", 1_000),
        ("10.00", "XCG", 1_000),
    ],
)
def test_what_can_be_read_in_one_way_is_read(typed: str, currency: str, minor: int) -> None:
    assert parse_amount(typed, currency) == minor


@pytest.mark.parametrize(
    ("typed", "currency", "why"),
    [
        ("12,50", "NGN", "could be read in two ways"),
        ("1.250,00", "NGN", "could be read in two ways"),
        ("1,00,000.00", "INR", "could be read in two ways"),
        ("0,123", "NGN", "could be read in two ways"),
        ("1,2345", "NGN", "could be read in two ways"),
        ("1234,567", "NGN", "could be read in two ways"),
        ("1,250", "KWD", "could be read in two ways in KWD"),
        ("1.250", "NGN", "too many decimals: NGN has 2; for thousands write 1,250.00"),
        ("1.000", "RWF", "too many decimals: RWF has 0; for thousands write 1,250"),
        ("10.50", "RWF", "too many decimals: RWF has 0"),
        ("1.2345", "KWD", "too many decimals: KWD has 3"),
        ("5.001", "NGN", "too many decimals: NGN has 2"),
        (".50", "USD", "digits on both sides of its point"),
        ("5.", "USD", "digits on both sides of its point"),
        ("1.250.000", "NGN", "is not an amount"),
        ("+5.00", "USD", "is not an amount"),
        ("$5.00", "USD", "is not an amount"),
        ("1 250.00", "USD", "is not an amount"),
        ("1\N{NO-BREAK SPACE}250.00", "USD", "is not an amount"),
        ("1'250.00", "USD", "is not an amount"),
        ("1e3", "USD", "is not an amount"),
        ("NaN", "USD", "is not an amount"),
        ("Infinity", "USD", "is not an amount"),
        ("1_000", "USD", "is not an amount"),
        ("0x10", "USD", "is not an amount"),
        ("١٠.٠٠", "EGP", "is not an amount"),
        ("\N{FULLWIDTH DIGIT ONE}0", "USD", "is not an amount"),
        ("1\x000", "USD", "is not an amount"),
        ("-5.00", "USD", "is negative"),
        ("\N{MINUS SIGN}5.00", "USD", "is negative"),
        ("(5.00)", "USD", "is negative"),
        ("", "USD", "Write an amount"),
        ("9" * 20, "USD", "larger than this desk can hold"),
        ("9" * 5_000, "USD", "larger than this desk can hold"),
        ("10000000000000.01", "NGN", "larger than this desk can hold"),
        ("10.00", "usd", "usd is not a currency"),
        ("10.00", "", "An empty text is not a currency"),
    ],
)
def test_what_could_mean_something_else_is_refused(typed: str, currency: str, why: str) -> None:
    with pytest.raises(ValueError) as wrong:
        parse_amount(typed, currency)
    assert why in str(wrong.value)
    assert len(str(wrong.value)) < 250


@given(st.integers(0, LARGEST), st.sampled_from(known_currencies()), st.booleans())
def test_what_the_desk_writes_it_reads_back(amount: int, currency: str, grouped: bool) -> None:
    assert parse_amount(major_text(amount, currency, grouped=grouped and exponent(currency) < 3), currency) == amount


@given(st.text("0123456789.,", max_size=12), st.sampled_from(["RWF", "NGN", "KWD"]))
def test_no_text_has_another_meaning_to_those_who_write_a_comma_before_the_decimals(text: str, currency: str) -> None:
    """A text is read only if the other half of the world can't read it as another amount, but for what follows a
    point in a currency with three decimals: there the point is the only way to write them."""
    try:
        read = parse_amount(text, currency)
    except ValueError:
        return
    other = _the_other_way(text, currency)
    assert other in (None, read) or (exponent(currency) == 3 and "." in text)


def _the_other_way(text: str, currency: str) -> int | None:
    """The amount of a well-formed text with points between groups and a comma before the decimals."""
    whole, comma, part = text.partition(",")
    groups = whole.split(".")
    plain = len(groups) == 1 or (0 < len(groups[0]) < 4 and all(len(group) == 3 for group in groups[1:]))
    leads = len(groups) == 1 or not groups[0].startswith("0")
    if not (whole and plain and leads and "".join(groups).isdigit()) or (comma and not part.isdigit()):
        return None
    if len(part) > exponent(currency):
        return None
    return int("".join(groups) + part.ljust(exponent(currency), "0"))


@given(st.text(max_size=30), st.sampled_from(known_currencies()))
def test_no_text_breaks_it(text: str, currency: str) -> None:
    try:
        assert 0 <= parse_amount(text, currency) <= LARGEST
    except ValueError as wrong:
        assert str(wrong)  # noqa: PT017


@pytest.mark.parametrize(("typed", "value"), [("2500", "2500"), ("2,500.50", "2500.50"), ("0.125", "0.125")])
def test_an_amount_of_any_currency_is_read(typed: str, value: str) -> None:
    assert parse_any_currency(typed) == Decimal(value)


@pytest.mark.parametrize("typed", ["12,50", "1.250", "1.2345", "-1", "1e3", "NaN", "9" * 20, ""])
def test_an_amount_that_some_currency_reads_otherwise_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"two ways|decimals|negative|not an amount|larger|Write"):
        parse_any_currency(typed)


def test_a_machines_number_is_exact_or_refused() -> None:
    assert from_major(Decimal("1250.000"), "NGN") == 125_000
    assert from_major(Decimal("1E+3"), "RWF") == 1_000
    for odd in ("0.001", "NaN", "Infinity", "1E+99"):
        with pytest.raises(ValueError, match=r"decimals|can hold"):
            from_major(Decimal(odd), "NGN")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Write an amount, such as 1,250.00 or 1250.00"),
        ("-1", "'-1' is negative"),
        (".5", "'.5' needs digits on both sides of its point, such as 0.50 or 5.00"),
        (
            "12,50",
            "'12,50' could be read in two ways: write a point before the decimals, and commas only between groups of "
            "three digits, such as 1,250.00 or 1250.00",
        ),
        ("ten", "'ten' is not an amount, such as 1,250.00 or 1250.00: only the digits 0 to 9, a point and commas"),
        (
            "x" * 40,
            f"'{'x' * 40}' is not an amount, such as 1,250.00 or 1250.00: only the digits 0 to 9, a point and commas",
        ),
        (
            "x" * 41,
            f"'{'x' * 40}…' is not an amount, such as 1,250.00 or 1250.00: only the digits 0 to 9, a point and commas",
        ),
        ("1.250", "'1.250' could be read in two ways: for thousands write 1,250.00 or 1250.00"),
        ("1.2345", "'1.2345' has more decimals than any currency"),
    ],
)
def test_what_is_wrong_with_an_amount_of_any_currency_is_said(typed: str, said: str) -> None:
    with pytest.raises(ValueError) as wrong:
        parse_any_currency(typed)
    assert str(wrong.value) == said


@pytest.mark.parametrize(
    ("typed", "currency", "said"),
    [
        ("ten", "RWF", "'ten' is not an amount, such as 1,250 or 1250: only the digits 0 to 9, a point and commas"),
        ("1.250", "NGN", "'1.250' has too many decimals: NGN has 2; for thousands write 1,250.00 or 1250.00"),
        ("1.2345", "NGN", "'1.2345' has too many decimals: NGN has 2"),
        (
            "1,250",
            "KWD",
            "'1,250' could be read in two ways in KWD: write 1,250.000 or 1250.000 for the larger one",
        ),
        ("9" * 20, "NGN", f"'{'9' * 20}' is larger than this desk can hold"),
    ],
)
def test_what_is_wrong_with_an_amount_is_said(typed: str, currency: str, said: str) -> None:
    with pytest.raises(ValueError) as wrong:
        parse_amount(typed, currency)
    assert str(wrong.value) == said


def test_zeros_that_say_nothing_are_left_out_at_both_ends_only() -> None:
    assert parse_amount("10.0100", "NGN") == 1_001
    assert parse_amount("0" * 30 + "7", "NGN") == 700
    assert parse_any_currency("0" * 30 + "7.5") == Decimal("7.5")


def test_a_machines_largest_number_is_taken() -> None:
    assert from_major(Decimal(LARGEST), "RWF") == LARGEST
    with pytest.raises(ValueError, match="can hold"):
        from_major(Decimal(LARGEST + 1), "RWF")


def test_an_amount_is_grouped_unless_it_is_not_asked_for() -> None:
    assert major_text(123_456_789, "NGN") == "1,234,567.89"
    assert major_text(123_456_789, "NGN", grouped=False) == "1234567.89"
    assert major_text(1_234, "???") == "1,234 minor units"
    assert major_text(1_234, "???", grouped=False) == "1234 minor units"
