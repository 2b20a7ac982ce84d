"""Who gets what of a hold: every unit of it, the fee out of the seller's part, in proportion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain import shares
from webapp.domain.money import Money

HELD = Money(10_000, "NGN")


@pytest.mark.parametrize(
    ("seller", "buyer", "net", "fee"),
    [(10_000, 0, 9_500, 500), (4_000, 6_000, 3_800, 200), (1, 9_999, 1, 0), (0, 10_000, 0, 0)],
)
def test_the_fee_comes_out_of_the_sellers_part(seller: int, buyer: int, net: int, fee: int) -> None:
    parts = shares.divide(HELD, 500, seller)
    assert (parts.buyer, parts.seller, parts.fee) == (buyer, net, fee)


@given(st.data(), st.integers(1, 10**15))
def test_the_parts_are_the_whole_and_none_is_negative(data: st.DataObject, amount: int) -> None:
    fee, seller = data.draw(st.integers(0, amount)), data.draw(st.integers(0, amount))
    parts = shares.divide(Money(amount, "KWD"), fee, seller)

    assert parts.buyer + parts.seller + parts.fee == amount
    assert min(parts.buyer, parts.seller, parts.fee) >= 0
    assert parts.fee <= fee


def test_the_words_say_what_the_seller_gets_after_the_fee() -> None:
    assert shares.release_in_words(HELD, 0) == "release of NGN 100.00 to the seller"
    assert shares.release_in_words(HELD, 500) == (
        "release of NGN 100.00: NGN 95.00 to the seller after the fee of NGN 5.00"
    )
    assert shares.split_in_words(HELD, 500, 4_000) == (
        "split of NGN 100.00: NGN 60.00 to the buyer, NGN 38.00 to the seller after the fee of NGN 2.00"
    )
    assert shares.split_in_words(HELD, 0, 4_000) == (
        "split of NGN 100.00: NGN 60.00 to the buyer, NGN 40.00 to the seller"
    )
