"""The table of currencies, and when it is too old to be believed."""

from datetime import UTC, datetime

import pytest

from webapp.domain.money.currencies import DECIMALS, PUBLISHED, RETIRED
from webapp.domain.money.money import exponent, known_currencies, major_text, present

_MONTHS = 18


def test_the_table_is_not_old() -> None:
    """ISO 4217 changes about once a year: compare the table with list one of iso.org, then set PUBLISHED anew."""
    age = (datetime.now(UTC).date() - PUBLISHED).days
    assert age < _MONTHS * 30, f"The table of currencies is {age // 30} months old."


@pytest.mark.parametrize(("code", "decimals"), [("RWF", 0), ("NGN", 2), ("KWD", 3), ("ZWG", 2), ("XCG", 2)])
def test_decimals_are_those_of_the_standard(code: str, decimals: int) -> None:
    assert exponent(present(code)) == decimals


def test_codes_are_three_letters_and_none_is_both_present_and_retired() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in [*DECIMALS, *RETIRED])
    assert not DECIMALS.keys() & RETIRED.keys()
    assert len(known_currencies()) == len(DECIMALS)


def test_what_the_books_hold_in_a_retired_currency_is_shown_but_nothing_new_is_made_in_it() -> None:
    assert major_text(1_250, "BGN") == "12.50"
    with pytest.raises(ValueError, match="no longer"):
        present("BGN")


def test_a_currency_that_nobody_knows_is_shown_without_failing() -> None:
    assert major_text(1_250, "ZZZ") == "1,250 minor units"
    assert major_text(-1, "") == "-1 minor units"
