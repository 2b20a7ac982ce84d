"""How much of a payment is gone that no refund of ours explains: each sum counts once."""

import pytest

from webapp.domain.provider_words import GivenBack
from webapp.domain.taken_back import taken_back


@pytest.mark.parametrize(
    ("given_back", "ours", "lost", "covered", "gone"),
    [
        ((), (), {}, 0, 0),
        ((GivenBack(4_000),), (), {}, 0, 4_000),
        ((GivenBack(4_000),), (4_000,), {}, 0, 0),
        ((GivenBack(4_000), GivenBack(4_000)), (4_000,), {}, 0, 4_000),
        ((), (10_000,), {}, 0, 0),  # ours, and not listed yet
        ((), (), {"7": 4_000}, 0, 4_000),
        ((GivenBack(4_000, "7"),), (), {"7": 4_000}, 0, 4_000),
        ((GivenBack(4_000),), (), {"7": 4_000}, 0, 4_000),  # listed without its number
        ((GivenBack(10_000),), (10_000,), {"7": 10_000}, 0, 10_000),  # refunded, and taken by the bank besides
        ((), (), {"7": 10_000}, 10_000, 0),
        ((GivenBack(3_333),), (), {"7": 10_000}, 10_000, 3_333),  # by hand, and the bank made our refund
        ((GivenBack(3_333),), (), {"7": 10_000}, 0, 13_333),  # by hand, and the bank took all of it besides
        ((GivenBack(10_000, is_listed=False),), (), {}, 0, 10_000),
        ((GivenBack(10_000, is_listed=False),), (4_000,), {}, 0, 6_000),
        ((GivenBack(10_000, is_listed=False),), (), {"7": 10_000}, 0, 10_000),
        ((GivenBack(3_333), GivenBack(6_667, is_listed=False)), (), {"7": 10_000}, 0, 10_000),
    ],
)
def test_each_sum_that_went_back_counts_once(
    given_back: tuple[GivenBack, ...], ours: tuple[int, ...], lost: dict[str, int], covered: int, gone: int
) -> None:
    assert taken_back(given_back, ours, lost, covered) == gone
