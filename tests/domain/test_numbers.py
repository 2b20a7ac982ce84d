"""Whole numbers as they are written outside."""

import pytest

from webapp.domain.numbers import BIGGEST, counted, parse_whole
from webapp.domain.references import OWN_PREFIXES, escrow_ref, is_own, order_ref


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 refunds"), (1, "1 refund"), (2, "2 refunds"), (1_000, "1,000 refunds")]
)
def test_things_are_counted_as_people_do(number: int, said: str) -> None:
    assert counted(number, "refund") == said


def test_a_plural_may_be_its_own() -> None:
    assert [counted(number, "entry", "entries") for number in (1, 2)] == ["1 entry", "2 entries"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("007", 7),
        (str(BIGGEST), BIGGEST),
        (str(BIGGEST + 1), None),
        ("0" * 39 + "7", 7),
        ("0" * 40 + "7", None),
        ("", None),
        ("-1", None),
        ("1.0", None),
        ("٧", None),
        ("²", None),
    ],
)
def test_a_whole_number_is_ascii_digits_that_the_database_can_hold(text: str, number: int | None) -> None:
    assert parse_whole(text) == number


def test_a_bound_of_ones_own_is_kept() -> None:
    assert [parse_whole(text, most=9) for text in ("9", "10")] == [9, None]


@pytest.mark.parametrize("prefix", OWN_PREFIXES)
def test_references_of_the_desk_are_told_whatever_their_case(prefix: str) -> None:
    assert is_own(f"{prefix}1")
    assert is_own(f"{prefix}1".upper())
    assert not is_own(f"my-{prefix}1")


def test_an_escrows_reference_leads_to_its_orders_and_back() -> None:
    assert escrow_ref("shop-7") == "E-shop-7"
    assert order_ref("E-shop-7") == "shop-7"
