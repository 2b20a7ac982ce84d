"""How much of a payment is gone that no refund of ours explains: each sum counts once."""

import pytest

from webapp.domain.payments.loss_allocation import taken_back
from webapp.domain.providers.provider_results import ReturnedAmount


@pytest.mark.parametrize(
    ("given_back", "ours", "lost", "covered", "gone"),
    [
        ((), (), {}, 0, 0),
        ((ReturnedAmount(4_000),), (), {}, 0, 4_000),
        ((ReturnedAmount(4_000),), (4_000,), {}, 0, 0),
        ((ReturnedAmount(4_000), ReturnedAmount(4_000)), (4_000,), {}, 0, 4_000),
        ((), (10_000,), {}, 0, 0),  # ours, and not listed yet
        ((), (), {"7": 4_000}, 0, 4_000),
        ((ReturnedAmount(4_000, "7"),), (), {"7": 4_000}, 0, 4_000),
        ((ReturnedAmount(4_000),), (), {"7": 4_000}, 0, 4_000),  # listed without its number
        ((ReturnedAmount(10_000),), (10_000,), {"7": 10_000}, 0, 10_000),  # refunded, and taken by the bank besides
        ((), (), {"7": 10_000}, 10_000, 0),
        ((ReturnedAmount(3_333),), (), {"7": 10_000}, 10_000, 3_333),  # by hand, and the bank made our refund
        ((ReturnedAmount(3_333),), (), {"7": 10_000}, 0, 13_333),  # by hand, and the bank took all of it besides
        ((ReturnedAmount(10_000, is_listed=False),), (), {}, 0, 10_000),
        ((ReturnedAmount(10_000, is_listed=False),), (4_000,), {}, 0, 6_000),
        ((ReturnedAmount(10_000, is_listed=False),), (), {"7": 10_000}, 0, 10_000),
        ((ReturnedAmount(3_333), ReturnedAmount(6_667, is_listed=False)), (), {"7": 10_000}, 0, 10_000),
    ],
)
def test_each_sum_that_went_back_counts_once(
    given_back: tuple[ReturnedAmount, ...], ours: tuple[int, ...], lost: dict[str, int], covered: int, gone: int
) -> None:
    assert taken_back(given_back, ours, lost, covered) == gone
