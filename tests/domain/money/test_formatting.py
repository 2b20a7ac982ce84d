"""Amounts as people of a language read them."""

import pytest
from babel import Locale

from webapp.domain.money import formatting


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "said"),
    [
        (123_456_789, "NGN", "en", "NGN\xa01,234,567.89"),
        (-5, "NGN", "en", "-NGN\xa00.05"),
        (1_234_567, "UGX", "en", "UGX\xa01,234,567"),
        (1_234_567, "KWD", "en", "KWD\xa01,234.567"),
        (123_456_789, "NGN", "de", "NGN\xa01.234.567,89"),
        (1_234_567, "IQD", "en", "IQD\xa01,234.567"),
        (123_456, "XXQ", "de", "XXQ\xa0123,456 minor units"),
        (1_234_50, "BGN", "en", "BGN\xa01,234.50"),
    ],
)
def test_an_amount_has_its_currencys_decimals_and_its_locales_separators(
    amount: int, currency: str, locale: str, said: str
) -> None:
    formatting._pattern.cache_clear()
    assert formatting.localized(amount, currency, Locale(locale)) == said
