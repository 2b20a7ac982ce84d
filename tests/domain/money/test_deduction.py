"""How much auto-deduct takes, and why nothing."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.bounded import PROPERTY
from webapp.domain.money.deduction import DebtPosition, DeductionRule, amount_to_take

USUAL = DebtPosition("NGN", debt=10_000, wallet=50_000, percent=25, daily_max=None, minimum_balance=0, repaid_today=0)


@pytest.mark.parametrize(
    ("changed", "taken"),
    [
        ({}, 2_500),
        ({"percent": 100}, 10_000),
        ({"percent": 1}, 100),
        ({"debt": 1}, 1),
        ({"debt": 3, "percent": 34}, 2),
        ({"debt": 101, "percent": 50}, 51),
        ({"wallet": 2_000}, 2_000),
        ({"wallet": 2_499, "percent": 25}, 2_499),
        ({"wallet": 5_000, "minimum_balance": 4_000}, 1_000),
        ({"wallet": 4_001, "minimum_balance": 4_000}, 1),
        ({"daily_max": 2_000}, 2_000),
        ({"daily_max": 2_000, "repaid_today": 1_500}, 500),
        ({"daily_max": 2_500}, 2_500),
        ({"daily_max": 9_999}, 2_500),
        ({"daily_max": 9_999, "repaid_today": 9_998}, 1),
        ({"daily_max": None, "repaid_today": 9_000_000}, 2_500),
    ],
)
def test_what_is_taken(changed: dict[str, Any], taken: int) -> None:
    assert amount_to_take(replace(USUAL, **changed)) == taken


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"wallet": 0}, "The wallet holds no more than its minimum balance."),
        ({"wallet": 4_000, "minimum_balance": 4_000}, "The wallet holds no more than its minimum balance."),
        (
            {"wallet": 3_999, "minimum_balance": 4_000},
            "The wallet holds NGN 39.99, less than its minimum of NGN 40.00.",
        ),
        ({"daily_max": 2_000, "repaid_today": 2_000}, "The daily maximum is used up."),
        ({"daily_max": 2_000, "repaid_today": 2_001}, "The daily maximum is used up."),
        ({"daily_max": 0}, "The daily maximum is used up."),
    ],
)
def test_why_nothing_is_taken(changed: dict[str, Any], reason: str) -> None:
    assert amount_to_take(replace(USUAL, **changed)) == reason


POSITIONS = st.builds(
    DebtPosition,
    currency=st.sampled_from(["NGN", "JPY", "KWD"]),
    debt=st.integers(1, 10**9),
    wallet=st.integers(0, 10**9),
    percent=st.integers(1, 100),
    daily_max=st.none() | st.integers(0, 10**9),
    minimum_balance=st.integers(0, 10**9),
    repaid_today=st.integers(0, 10**9),
)


@PROPERTY
@given(POSITIONS)
def test_the_most_is_taken_that_every_bound_allows(position: DebtPosition) -> None:
    bounds = [
        -(-position.debt * position.percent // 100),
        position.wallet - position.minimum_balance,
        position.debt,
    ]
    if position.daily_max is not None:
        bounds.append(position.daily_max - position.repaid_today)
    taken = amount_to_take(position)
    if min(bounds) <= 0:
        assert isinstance(taken, str)
        assert taken.endswith(".")
    else:
        assert taken == min(bounds)


@PROPERTY
@given(position=POSITIONS, more=st.integers(0, 10**6))
def test_a_fuller_wallet_never_takes_less(position: DebtPosition, more: int) -> None:
    before, after = amount_to_take(position), amount_to_take(replace(position, wallet=position.wallet + more))
    assert isinstance(before, str) or (isinstance(after, int) and after >= before)


def test_what_a_party_set_comes_before_the_settings() -> None:
    rule = DeductionRule("Africa/Nairobi", 30, {"NGN": 500})
    assert [rule.percent_of(own) for own in (None, 0, 70)] == [30, 0, 70]
    assert [rule.minimum_balance_of(own, "NGN") for own in (None, 0, 7)] == [500, 0, 7]
    assert rule.minimum_balance_of(None, "KES") == 0


def test_never_more_than_the_debt() -> None:
    assert amount_to_take(replace(USUAL, percent=101)) == 10_000
