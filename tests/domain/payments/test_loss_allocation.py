"""How much of a payment is gone that no refund of ours explains, who bears it, and who gets what comes back."""

import pytest

from webapp.domain.payments.loss_allocation import Bearer, Hold, bearers, fee_on_top, given_again, taken_back
from webapp.domain.providers.provider_results import ReturnedAmount
from webapp.domain.states import EscrowStatus


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


@pytest.mark.parametrize(("gone", "fee"), [(9_999, 0), (10_000, 0), (10_001, 1), (10_150, 150), (10_151, 150)])
def test_the_fee_that_the_payer_paid_on_top_goes_last(gone: int, fee: int) -> None:
    assert fee_on_top(gone, 10_000, 150) == fee


@pytest.mark.parametrize(
    ("hold", "amount", "on_top", "found"),
    [
        (Hold(EscrowStatus.HELD, 10_000, 500), 4_000, 0, {Bearer.ESCROW: 4_000}),
        (Hold(EscrowStatus.HELD, 10_000, 500), 10_150, 150, {Bearer.ESCROW: 10_000, Bearer.PLATFORM: 150}),
        (Hold(EscrowStatus.HELD, 3_000, 500), 4_000, 0, {Bearer.ESCROW: 3_000, Bearer.BUYER: 1_000}),
        (Hold(EscrowStatus.RELEASED, 10_000, 500), 10_000, 0, {Bearer.SELLER: 9_500, Bearer.FEES: 500}),
        (Hold(EscrowStatus.RELEASED, 10_000, 500), 1_999, 0, {Bearer.SELLER: 1_900, Bearer.FEES: 99}),
        (Hold(EscrowStatus.RELEASED, 10_000, 0, 7), 10_001, 0, {Bearer.SELLER: 10_000, Bearer.BUYER: 1}),
        (
            Hold(EscrowStatus.SPLIT, 10_000, 500, 4_000),
            5_000,
            0,
            {Bearer.SELLER: 3_800, Bearer.FEES: 200, Bearer.BUYER: 1_000},
        ),
        (Hold(EscrowStatus.SPLIT, 10_000, 500, 0), 5_000, 0, {Bearer.BUYER: 5_000}),
        (Hold(EscrowStatus.REFUNDED, 10_000, 500), 5_150, 150, {Bearer.BUYER: 5_000, Bearer.PLATFORM: 150}),
        (Hold(EscrowStatus.REFUNDED, 10_000, 500), 0, 0, {}),
    ],
)
def test_who_bears_what_was_taken_is_who_has_the_money(
    hold: Hold, amount: int, on_top: int, found: dict[Bearer, int]
) -> None:
    assert bearers(hold, amount, on_top) == found


BORNE = {"seller": 3_800, "fees": 200, "buyer": 1_000, "platform": 150}


@pytest.mark.parametrize(
    ("borne", "came", "on_top", "last", "found"),
    [
        (BORNE, 5_150, 150, None, {"seller": 3_800, "fees": 200, "buyer": 1_000, "platform": 150}),
        (BORNE, 1_000, 0, "buyer", {"buyer": 1_000}),
        (BORNE, 2_000, 0, "buyer", {"buyer": 1_000, "seller": 950, "fees": 50}),
        (BORNE, 2_000, 0, "seller", {"seller": 1_900, "fees": 100}),
        (BORNE, 4_500, 0, "seller", {"seller": 3_800, "fees": 200, "buyer": 500}),
        (BORNE, 1_050, 50, "buyer", {"buyer": 1_000, "platform": 50}),
        (BORNE, 100, 0, "platform", {"platform": 100}),
        (BORNE, 150, 50, "platform", {"platform": 150}),
        (BORNE, 250, 50, "platform", {"platform": 150, "seller": 95, "fees": 5}),
        (BORNE, 1, 0, "seller", {"seller": 1}),
        ({"escrow": 4_000}, 3_000, 0, "escrow", {"escrow": 3_000}),
        ({"buyer": 4_000}, 4_000, 0, None, {"buyer": 4_000}),
        ({"buyer": 4_000, "platform": 10}, 100, 20, "platform", {"platform": 20, "buyer": 80}),
        ({"fees": 100}, 100, 0, None, {"fees": 100}),
        ({"seller": 4_000}, 4_000, 0, None, {"seller": 4_000}),
        ({"buyer": 10}, 11, 0, None, {"buyer": 10}),
        ({"seller": 100, "fees": 1}, 101, 0, None, {"seller": 100, "fees": 1}),
        ({"seller": 4_000, "fees": -1}, 1_000, 0, None, {"seller": 1_000}),
        ({}, 0, 0, None, {}),
    ],
)
def test_what_comes_back_goes_to_who_bore_it_the_last_one_first(
    borne: dict[str, int], came: int, on_top: int, last: str | None, found: dict[str, int]
) -> None:
    assert given_again(borne, came, on_top, last) == found


def test_nothing_is_covered_unless_it_is_said() -> None:
    assert taken_back((), (), {"7": 4_000}) == 4_000


@pytest.mark.parametrize(
    ("given_back", "lost", "gone"),
    [
        ((ReturnedAmount(1_000, "7"), ReturnedAmount(2_000, "7")), {}, 3_000),
        ((ReturnedAmount(1_000, "7"),), {"7": 4_000}, 4_000),
        ((ReturnedAmount(4_000, "7"),), {"7": 1_000}, 4_000),
        ((ReturnedAmount(1, "7"),), {"8": 5}, 6),
        ((ReturnedAmount(1_000, "7"), ReturnedAmount(2_000, "8")), {}, 3_000),
        ((ReturnedAmount(1_000, "7"),), {"7": 1_000, "8": 2_000, "9": 3_000}, 6_000),
        ((ReturnedAmount(0, "7"),), {}, 0),
    ],
)
def test_what_banks_took_counts_by_dispute(
    given_back: tuple[ReturnedAmount, ...], lost: dict[str, int], gone: int
) -> None:
    assert taken_back(given_back, (), lost) == gone


def test_nothing_is_above_the_price_unless_it_is_said() -> None:
    assert bearers(Hold(EscrowStatus.HELD, 10_000, 500), 4_000) == {Bearer.ESCROW: 4_000}
