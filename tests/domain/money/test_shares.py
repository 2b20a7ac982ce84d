"""Who gets what of a hold that leaves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.bounded import PROPERTY
from webapp.domain.money.money import LARGEST, Money
from webapp.domain.money.shares import Shares, divide, release_in_words, split_in_words


@pytest.mark.parametrize(
    ("held", "fee", "seller", "expected"),
    [
        (10_000, 500, 10_000, (0, 9_500, 500)),
        (10_000, 500, 0, (10_000, 0, 0)),
        (10_000, 500, 5_000, (5_000, 4_750, 250)),
        (10_000, 0, 3_333, (6_667, 3_333, 0)),
        (10_001, 500, 5_000, (5_001, 4_751, 249)),
        (3, 1, 2, (1, 2, 0)),
        (1, 1, 1, (0, 0, 1)),
    ],
)
def test_the_fee_comes_out_of_the_sellers_part(held: int, fee: int, seller: int, expected: tuple[int, ...]) -> None:
    parts = divide(Money(held, "NGN"), fee, seller)
    assert (parts.buyer, parts.seller, parts.fee) == expected


@PROPERTY
@given(held=st.integers(1, LARGEST), data=st.data())
def test_the_shares_are_all_that_was_held(held: int, data: st.DataObject) -> None:
    fee, seller = data.draw(st.integers(0, held)), data.draw(st.integers(0, held))
    parts = divide(Money(held, "KES"), fee, seller)
    assert parts.buyer + parts.seller + parts.fee == held
    assert min(parts.buyer, parts.seller, parts.fee) >= 0
    assert parts.buyer == held - seller
    assert parts.fee <= fee
    if seller in (0, held):
        assert parts.fee == (fee if seller else 0)


def test_a_phrase_says_what_the_seller_gets_after_the_fee() -> None:
    held = Money(10_000, "NGN")
    assert release_in_words(held, 0) == "release of NGN 100.00 to the seller"
    assert release_in_words(held, 500) == "release of NGN 100.00: NGN 95.00 to the seller after the fee of NGN 5.00"
    said = "split of NGN 100.00: NGN 60.00 to the buyer, NGN 38.00 to the seller after the fee of NGN 2.00"
    assert split_in_words(held, 500, 4_000) == said
    said = "split of NGN 100.00: NGN 60.00 to the buyer, NGN 40.00 to the seller"
    assert split_in_words(held, 0, 4_000) == said
    assert Shares(0, 9_999, 0, "NGN").seller_in_words() == "NGN 99.99 to the seller"
