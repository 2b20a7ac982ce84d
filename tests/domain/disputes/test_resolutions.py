"""Which decisions of a dispute can be, and who gets how much."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.bounded import PROPERTY
from webapp.domain.disputes.resolutions import (
    REASON_CODES,
    RESOLUTION_CODES,
    DisputeResolution,
    check,
    in_words,
    rejects_claim,
)
from webapp.domain.money.money import Money
from webapp.domain.states import DisputeKind, Resolution
from webapp.errors import Invalid

HELD = Money(10_000, "NGN")


def make(resolution: str, buyer: int | None = None, seller: int | None = None, **more: str) -> DisputeResolution:
    return DisputeResolution(
        resolution, more.get("code", "agreement"), more.get("reason", "They agreed."), buyer, seller
    )


@pytest.mark.parametrize(
    ("made", "buyer", "seller"),
    [
        (make(Resolution.RELEASE_TO_SELLER), 0, 10_000),
        (make(Resolution.REFUND_TO_BUYER), 10_000, 0),
        (make(Resolution.SPLIT, 9_999, 1), 9_999, 1),
        (make(Resolution.NO_FAULT), 0, 0),
    ],
)
def test_who_gets_how_much(made: DisputeResolution, buyer: int, seller: int) -> None:
    check(made, HELD)
    assert made.shares(HELD.amount) == (buyer, seller)


@pytest.mark.parametrize(
    ("made", "wrong"),
    [
        (make("coin_toss"), {"resolution"}),
        (make(""), {"resolution"}),
        (make(Resolution.NO_FAULT, code="because"), {"code"}),
        (make(Resolution.NO_FAULT, reason=" \n"), {"reason"}),
        (make("", code="", reason=""), {"resolution", "code", "reason"}),
        (make(Resolution.SPLIT), {"buyer_amount"}),
        (make(Resolution.SPLIT, code="because"), {"code", "buyer_amount"}),
        (make(Resolution.SPLIT, 5_000), {"seller_amount"}),
        (make(Resolution.SPLIT, -1, 10_001), {"buyer_amount"}),
        (make(Resolution.SPLIT, 10_001, -1), {"seller_amount"}),
        (make(Resolution.SPLIT, 5_000, 4_999), {"seller_amount"}),
        (make(Resolution.SPLIT, 5_000, 5_001), {"seller_amount"}),
        (make(Resolution.SPLIT, 0, 10_000), {"seller_amount"}),
        (make(Resolution.SPLIT, 10_000, 0), {"seller_amount"}),
    ],
)
def test_a_resolution_that_cant_be_names_its_field(made: DisputeResolution, wrong: set[str]) -> None:
    with pytest.raises(Invalid) as refused:
        check(made, HELD)
    assert set(refused.value.fields) == wrong
    assert all(said.endswith(".") for said in refused.value.fields.values())


@PROPERTY
@given(held=st.integers(2, 10**15), buyer=st.integers(-10, 10**15), seller=st.integers(-10, 10**15), fits=st.booleans())
def test_a_split_is_allowed_when_its_two_parts_are_the_whole(held: int, buyer: int, seller: int, fits: bool) -> None:
    seller = held - buyer if fits else seller
    made = make(Resolution.SPLIT, buyer, seller)
    if buyer > 0 and seller > 0 and buyer + seller == held:
        check(made, Money(held, "NGN"))
        assert sum(made.shares(held)) == held
    else:
        with pytest.raises(Invalid):
            check(made, Money(held, "NGN"))


def test_a_resolution_is_said_with_what_the_seller_gets() -> None:
    assert in_words(make(Resolution.REFUND_TO_BUYER), HELD, 500) == "refund of NGN 100.00 to the buyer"
    assert (
        in_words(make(Resolution.NO_FAULT), HELD, 500)
        == "no fault: nothing is moved now; NGN 100.00 goes on to its time"
    )
    held_on = in_words(make(Resolution.NO_FAULT), HELD, 500, other_freezes=1)
    assert held_on == "no fault: only the dispute's freeze ends; another freeze holds NGN 100.00 until it is lifted"
    assert "NGN 95.00 to the seller after the fee of NGN 5.00" in in_words(
        make(Resolution.RELEASE_TO_SELLER), HELD, 500
    )
    assert "NGN 60.00 to the buyer, NGN 38.00 to the seller after the fee of NGN 2.00" in in_words(
        make(Resolution.SPLIT, 6_000, 4_000), HELD, 500
    )


def test_codes_fit_their_column_and_say_something() -> None:
    for code, said in {**REASON_CODES, **RESOLUTION_CODES}.items():
        assert code.isidentifier()
        assert len(code) <= 40
        assert said.strip() == said != ""


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (make("", code="", reason=""), {
            "resolution": "Choose how the dispute ends.",
            "code": "Choose the reason that fits best.",
            "reason": "Say in a sentence why you decide so.",
        }),
        (make(Resolution.SPLIT), {"buyer_amount": "Say how much."}),
        (make(Resolution.SPLIT, 5_000), {"seller_amount": "Say how much."}),
        (make(Resolution.SPLIT, -1, 10_001), {"buyer_amount": "Zero or more."}),
        (make(Resolution.SPLIT, 10_001, -1), {"seller_amount": "Zero or more."}),
        (make(Resolution.SPLIT, 0, -1), {"seller_amount": "Zero or more."}),
        (make(Resolution.SPLIT, 1, -1), {"seller_amount": "Zero or more."}),
        (
            make(Resolution.SPLIT, 5_000, 4_999),
            {"seller_amount": "The parts make NGN 99.99, but NGN 100.00 is held. They must sum to it."},
        ),
        (
            make(Resolution.SPLIT, 0, 10_000),
            {"seller_amount": "A split gives both sides something. For one side, choose release or refund."},
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field(made: DisputeResolution, said: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        check(made, HELD)
    assert refused.value.fields == said
    assert str(refused.value) == " ".join(said.values())


def test_a_split_whose_parts_are_not_known_moves_nothing() -> None:
    assert make(Resolution.SPLIT).shares(10_000) == (0, 0)


def test_several_freezes_are_said_as_several() -> None:
    held_on = in_words(make(Resolution.NO_FAULT), HELD, 500, other_freezes=2)
    assert held_on == "no fault: only the dispute's freeze ends; 2 other freezes hold NGN 100.00 until it is lifted"


@pytest.mark.parametrize("resolution", Resolution)
def test_a_warranty_claim_is_rejected_when_the_buyer_gets_nothing(resolution: Resolution) -> None:
    gets_nothing = resolution in (Resolution.RELEASE_TO_SELLER, Resolution.NO_FAULT)
    assert rejects_claim(DisputeKind.WARRANTY_CLAIM, resolution) == gets_nothing
    assert not any(rejects_claim(kind, resolution) for kind in DisputeKind if kind != DisputeKind.WARRANTY_CLAIM)


def test_a_part_of_nothing_is_no_negative_one() -> None:
    sentence = "A split gives both sides something. For one side, choose release or refund."
    for buyer, seller in ((0, 10_000), (10_000, 0)):
        with pytest.raises(Invalid) as refused:
            check(make(Resolution.SPLIT, buyer, seller), HELD)
        assert refused.value.fields == {"seller_amount": sentence}
