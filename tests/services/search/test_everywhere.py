"""Finding anything by amounts, telephones, people, and what providers call a payment; only what one may see."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from tests.support.market import DIVINE, Market
from webapp.domain.actors import Actor
from webapp.domain.permissions import ROLES
from webapp.models import Party, Payment, Transfer
from webapp.services.search import everywhere
from webapp.services.users import users

Find = Callable[..., list[tuple[str, str]]]
ADMIN = Actor("user", 1, "The admin", ROLES["admin"])


@pytest.fixture
def found(market: Market) -> Find:
    def find(words: str, actor: Actor = ADMIN) -> list[tuple[str, str]]:
        return [(hit.kind, hit.label) for hit in everywhere.find(market.session, words, actor)]

    return find


@pytest.mark.parametrize("typed", ["250000", "250,000.00", "NGN 250,000.00", "250000 ngn"])
def test_money_is_found_by_how_much_it_is(market: Market, found: Find, typed: str) -> None:
    escrow = market.escrow(25_000_000)
    dispute = market.dispute(escrow)
    for other in (250_000, 25_000_001):
        market.escrow(other)
    assert {("escrow", escrow.ref), ("dispute", dispute.ref)} == set(found(typed))


def test_an_amount_of_another_currency_is_not_it(market: Market, found: Find) -> None:
    whole = market.escrow(250_000, currency="RWF")
    market.escrow(250_000)
    assert found("RWF 250,000") == [("escrow", whole.ref)]
    assert found("KES 250,000") == []
    assert ("escrow", whole.ref) in found("250000"), "without a currency each has its own decimals"
    assert found("2,500.00") != found("250000")


@pytest.mark.parametrize("typed", ["+2348031234567", "0803 123 4567", "0803123", "+234 803", "2348031234567"])
def test_a_party_is_found_by_its_telephone(market: Market, found: Find, typed: str) -> None:
    party, other = market.party("chidi"), market.party("other")
    party.phone, other.phone = "+2348031234567", "+2349031234567"
    market.session.flush()
    assert found(typed) == [("party", party.name)]


def test_a_party_is_found_by_its_address(market: Market, found: Find) -> None:
    party = market.party("chidi")
    party.email = "chidi@shop.example"
    market.session.flush()
    assert found("chidi@sho") == [("party", party.name)]


def test_who_manages_people_finds_one_by_part_of_the_name(market: Market, found: Find) -> None:
    users.create(
        market.session,
        email="n@desk.example",
        name="Ngozi Afolabi",
        roles=["agent"],
        password="seven quiet herons",
        at=market.at,
        actor=DIVINE,
    )
    assert ("user", "Ngozi Afolabi") in found("afolabi")
    assert found("afolabi", Actor("user", 2, "x", ROLES["agent"])) == []


def test_a_payment_is_found_by_what_its_provider_calls_it(market: Market, found: Find) -> None:
    escrow = market.escrow(4_000)
    payment = Payment(
        order_id=escrow.order_id,
        provider="paystack",
        reference="ours-1",
        provider_id="FLW-77123",
        status="succeeded",
        amount=4_000,
        currency="NGN",
        created_at=market.at,
    )
    market.session.add(payment)
    market.session.flush()
    assert found("FLW-77123") == [("payment", "FLW-77123")]
    assert found("ours-1") == [("payment", "ours-1")]


def test_a_dispute_is_found_by_its_number_alone(market: Market, found: Find) -> None:
    dispute = market.dispute()
    assert ("dispute", dispute.ref) in found(str(dispute.id))


def test_an_exact_reference_comes_before_what_only_begins_with_it(market: Market, found: Find) -> None:
    first = market.escrow(1_000)
    assert found(first.ref)[0][1] == first.ref


@pytest.mark.parametrize("typed", ["250000", "0803123", "chidi", "E-", "1"])
def test_nobody_finds_what_that_person_may_not_see(market: Market, found: Find, typed: str) -> None:
    party = market.party("chidi")
    party.phone = "+2348031234567"
    market.dispute(market.escrow(25_000_000))
    market.session.flush()
    assert found(typed, Actor("user", 3, "x", frozenset({"job:read"}))) == []
    only_parties = found(typed, Actor("user", 3, "x", frozenset({"party:read"})))
    assert {kind for kind, _ in only_parties} <= {"party"}


def test_what_is_found_twice_is_shown_once(market: Market, found: Find) -> None:
    party: Party = market.party("chidi")
    party.phone = party.ref
    market.session.flush()
    hits = found(party.ref)
    assert len(hits) == len(set(hits))


@pytest.mark.parametrize("kept", ["+2348031234567", "+234 803 123-4567", "08031234567", "(0803) 123 4567"])
@pytest.mark.parametrize(
    "typed", ["123 4567", "34567", "0803 123 4567", "00234 803 123 4567", "+234 (0) 803 1234567", "+234-803-123-4567"]
)
def test_a_telephone_is_found_by_its_end_however_both_are_written(
    market: Market, found: Find, kept: str, typed: str
) -> None:
    party, other = market.party("chidi"), market.party("other")
    party.phone, other.phone = kept, "+234 803 123 4568"
    market.session.flush()
    assert [hit for hit in found(typed) if hit[0] == "party"] == [("party", party.name)]


def test_a_number_of_another_country_is_not_it(market: Market, found: Find) -> None:
    market.party("chidi").phone = "+2548031234567"
    market.session.flush()
    assert found("+234 803 123 4567") == []
    assert found("4567") == [], "four digits stand in too many"


def test_a_movement_is_found_by_how_its_reference_begins(market: Market, found: Find) -> None:
    escrow = market.escrow(1_000)
    reference = market.session.scalars(select(Transfer.reference).where(Transfer.escrow_id == escrow.id)).first()
    assert reference is not None
    assert ("transfer", reference) in found(reference[:-1])
