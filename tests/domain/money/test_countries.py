"""Countries and their currencies."""

import pytest

from webapp.domain.money.countries import _is_known, codes, currencies
from webapp.domain.money.money import exponent


@pytest.mark.parametrize(
    ("country", "currency"),
    [("RW", "RWF"), ("UG", "UGX"), ("NG", "NGN"), ("KE", "KES"), ("PH", "PHP"), ("US", "USD"), ("ZW", "USD")],
)
def test_a_country_pays_in_its_currency(country: str, currency: str) -> None:
    assert currencies()[country] == currency


def test_regions_and_test_codes_are_no_countries() -> None:
    assert not codes() & {"EU", "UN", "ZZ", "XA"}
    assert len(codes()) > 240


def test_each_currency_is_one_the_desk_counts_in() -> None:
    assert all(exponent(currency) in (0, 2, 3) for currency in currencies().values())
    assert currencies().keys() <= codes()


def test_every_currency_of_a_country_can_be_counted_in() -> None:
    assert all(exponent(currency) >= 0 for currency in currencies().values())
    assert (currencies()["NG"], currencies()["KE"]) == ("NGN", "KES")
    assert not _is_known("XYZ")
    assert _is_known("NGN")
