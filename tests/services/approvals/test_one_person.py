"""A person and the tokens they made are one person: for the limit of a day, and for the second pair of eyes."""

import pytest
from sqlalchemy.orm import Session

from tests.support.arguments import ByActor, ByActorUnderSettings
from tests.support.market import CHIKA, DIVINE, NOW, Market
from webapp.domain.actors import Actor
from webapp.errors import NotAllowed
from webapp.models import Escrow
from webapp.runtime import Runtime
from webapp.services.approvals import approvals, escrow_decisions
from webapp.services.parties import wallet_operations
from webapp.services.parties.wallet_operations import NewMoney
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts.destinations import NewDestination
from webapp.services.users import api_tokens, users

SETUP = Actor("cli", None, "setup", DIVINE.permissions)


@pytest.fixture
def market(session: Session, runtime: Runtime) -> Market:
    return Market(session, runtime)


@pytest.fixture
def ada(market: Market) -> Actor:
    password = "seven quiet herons"
    made = users.create(
        market.session, email="ada@desk.example", name="Ada", roles=["admin"], password=password, at=NOW, actor=SETUP
    )
    return users.actor_of(made)


def token(market: Market, maker: Actor, *scopes: str, daily: int = 0) -> Actor:
    limits = {"NGN": daily} if daily else None
    how: ByActor = {"at": NOW, "actor": maker}
    made, _ = api_tokens.create(
        market.session, name="machine", scopes=list(scopes), expires_at=None, daily_limits=limits, **how
    )
    return api_tokens.actor_of(made)


def release(market: Market, escrow: Escrow, actor: Actor) -> approvals.DecisionResult:
    how: ByActorUnderSettings = {"at": NOW, "actor": actor, "settings": market.runtime.settings}
    return escrow_decisions.release(market.session, escrow.id, "The goods arrived.", version=escrow.version, **how)


def deposit(market: Market, party: int, amount: int, actor: Actor) -> approvals.DecisionResult:
    new = NewMoney(amount, "NGN", f"deposit-{actor.key}-{amount}", reason="Paid at the counter.")
    how: ByActorUnderSettings = {"at": NOW, "actor": actor, "settings": market.runtime.settings}
    return wallet_operations.decide(market.session, "party.deposit", party, new, **how)


def test_nobody_approves_what_their_own_token_proposed(market: Market, ada: Actor) -> None:
    machine = token(market, ada, "tokens", "escrows")
    for maker in (machine, token(market, machine, "escrows")):
        proposed = release(market, market.escrow(), maker).approval
        assert proposed is not None
        assert proposed not in approvals.waiting(market.session, ada)
        with pytest.raises(NotAllowed, match="another person"):
            approvals.approve(market.session, proposed.id, at=NOW, actor=ada, settings=market.runtime.settings)
        approvals.approve(market.session, proposed.id, at=NOW, actor=CHIKA, settings=market.runtime.settings)


def test_nobody_approves_a_destination_that_their_own_token_set(market: Market, ada: Actor) -> None:
    new, party = NewDestination("NGN", "nuban", "058", "0123456789", "Kofi"), market.party("payee").id
    how: ByActorUnderSettings = {"at": NOW, "actor": token(market, ada, "parties"), "settings": market.runtime.settings}
    to = payout_destinations.put(market.session, party, new, **how)
    with pytest.raises(NotAllowed, match="another person"):
        payout_destinations.approve(market.session, to.id, at=NOW, actor=ada, settings=market.runtime.settings)
    payout_destinations.approve(market.session, to.id, at=NOW, actor=CHIKA, settings=market.runtime.settings)


def test_a_person_and_their_tokens_have_one_limit_a_day(market: Market, ada: Actor) -> None:
    market.limit(25_000)
    first, second = token(market, ada, "escrows"), token(market, ada, "escrows")
    assert release(market, market.escrow(10_000), ada).executed
    assert release(market, market.escrow(10_000), first).executed
    assert not release(market, market.escrow(10_000), second).executed
    assert not release(market, market.escrow(10_000), ada).executed
    assert release(market, market.escrow(10_000), token(market, SETUP, "escrows")).executed


def test_what_a_token_books_counts_as_its_person_s(market: Market, ada: Actor) -> None:
    market.limit(2_500)
    party = market.party("payee").id
    first = token(market, ada, "parties:money", daily=9_000)
    second = token(market, ada, "parties:money", daily=9_000)
    assert deposit(market, party, 1_000, ada).executed
    assert deposit(market, party, 900, first).executed
    with pytest.raises(NotAllowed, match=r"NGN 6\.00 of NGN 25\.00 are left"):
        deposit(market, party, 700, second)
    assert deposit(market, party, 600, second).executed
    assert not deposit(market, party, 1, ada).executed
