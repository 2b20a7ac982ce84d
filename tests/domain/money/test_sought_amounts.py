"""What amount somebody means who types one into a search."""

import pytest

from webapp.domain.money.sought_amounts import SoughtAmount, sought_amount


@pytest.mark.parametrize("typed", ["NGN 250,000.00", "250,000.00 NGN", "ngn250000", " NGN 250000 "])
def test_an_amount_with_its_currency_is_of_that_currency_alone(typed: str) -> None:
    assert sought_amount(typed) == SoughtAmount({2: 25_000_000}, "NGN")


def test_an_amount_without_a_currency_is_what_it_is_in_each() -> None:
    assert sought_amount("250000") == SoughtAmount({0: 250_000, 2: 25_000_000, 3: 250_000_000}, None)
    assert sought_amount("12.50") == SoughtAmount({2: 1_250, 3: 12_500}, None), "no whole currency has half a unit"


@pytest.mark.parametrize(
    "typed",
    ["", "17", "E-1027", "order 250", "NGN", "NGN 5 USD", "RWF 12.50", "250.000,00", "9" * 40, "²50"],
)
def test_what_is_no_amount_finds_none(typed: str) -> None:
    assert sought_amount(typed) is None
