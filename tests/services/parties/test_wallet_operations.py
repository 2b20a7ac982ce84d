"""Deposits, debts and repayments: decisions under the limits, and a token's own limit; each says where it came from."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support import money
from tests.support.arguments import ByActorUnderSettings
from tests.support.market import AMINA, CHIKA, DIVINE, NOW, Market, person, wallet
from webapp.domain.actors import Actor
from webapp.domain.states import ApprovalStatus
from webapp.errors import Conflict, Invalid, NotAllowed
from webapp.models import Audit
from webapp.runtime import Runtime
from webapp.services.approvals import approvals, limits
from webapp.services.approvals.approvals import DecisionResult
from webapp.services.parties import wallet_operations
from webapp.services.parties.wallet_operations import NewMoney
from webapp.services.read_models import decision_preview
from webapp.services.users import api_tokens

ACTIONS = ("party.deposit", "party.owe", "party.repay")
SETUP = Actor("cli", None, "setup", DIVINE.permissions)


@pytest.fixture
def market(session: Session, runtime: Runtime) -> Market:
    return Market(session, runtime)


def book(
    market: Market, party: int, amount: int, actor: Actor = DIVINE, action: str = "party.deposit", **more: Any
) -> DecisionResult:
    given = {"reference": f"{action}-{amount}-{actor.id}", "reason": "Paid in cash at the counter."} | more
    new = NewMoney(amount, "NGN", **given)
    how: ByActorUnderSettings = {"at": NOW, "actor": actor, "settings": market.runtime.settings}
    return wallet_operations.decide(market.session, action, party, new, **how)


def token(market: Market, daily: dict[str, int], maker: Actor = SETUP, scope: str = "parties:money") -> Actor:
    made, _secret = api_tokens.create(
        market.session, name="shop", scopes=[scope], expires_at=None, at=NOW, actor=maker, daily_limits=daily
    )
    return api_tokens.actor_of(made)


@pytest.mark.parametrize("action", ACTIONS)
def test_above_the_limit_a_second_person_decides(market: Market, action: str) -> None:
    party = market.party("payee", wallet=5_000).id
    money.owe(market.session, party, 5_000, "NGN", reference="owed", at=NOW, actor=DIVINE)
    before = wallet(market.session, party)
    decided = book(market, party, 1_000, action=action)
    assert not decided.executed
    assert wallet(market.session, party) == before
    assert decided.approval is not None
    with pytest.raises(NotAllowed, match="another person"):
        approvals.approve(market.session, decided.approval.id, at=NOW, actor=DIVINE, settings=market.runtime.settings)
    shown = decision_preview.of_approval(
        market.session, decided.approval.id, at=NOW, actor=CHIKA, settings=market.runtime.settings
    )
    done = approvals.approve(market.session, decided.approval.id, at=NOW, actor=CHIKA, settings=market.runtime.settings)
    assert done.status == ApprovalStatus.EXECUTED
    change = {"party.deposit": 1_000, "party.owe": 0, "party.repay": -1_000}[action]
    assert wallet(market.session, party) == before + change
    assert sum(leg.amount for leg in shown.legs) == 0
    assert max(leg.amount for leg in shown.legs) == 1_000


def test_the_limit_is_cumulative_over_the_day(market: Market) -> None:
    market.limit(1_500)
    party = market.party("payee").id
    assert book(market, party, 1_000).executed
    assert not book(market, party, 600).executed
    assert wallet(market.session, party) == 1_000


@pytest.mark.parametrize("action", ACTIONS)
def test_each_says_where_the_money_came_from(market: Market, action: str) -> None:
    market.limit(10_000)
    party = market.party("payee", wallet=5_000).id
    money.owe(market.session, party, 5_000, "NGN", reference="owed", at=NOW, actor=DIVINE)
    with pytest.raises(Invalid, match="where the money came from"):
        book(market, party, 1_000, action=action, reason=" ")
    book(market, party, 1_000, action=action, reason="", provider_reference="TRX-77")
    record = market.session.scalars(select(Audit).where(Audit.action == action).order_by(Audit.id.desc())).first()
    assert record is not None
    assert (record.reason, "TRX-77" in (record.after or "")) == ("Provider's reference TRX-77.", True)


@pytest.mark.parametrize("actor", [AMINA, CHIKA, person(9, "Olu", "operator")], ids=lambda actor: actor.name)
def test_only_administrators_and_tokens_with_the_scope_may(market: Market, actor: Actor) -> None:
    market.limit(10_000)
    with pytest.raises(NotAllowed, match="party:money"):
        book(market, market.party("payee").id, 1_000, actor)


def test_a_token_needs_the_scope_of_its_own(market: Market) -> None:
    market.limit(10_000)
    writer = token(market, {}, scope="parties")
    with pytest.raises(NotAllowed, match="party:money"):
        book(market, market.party("payee").id, 1, writer)


@pytest.mark.parametrize("daily", [{}, {"KES": 1_000_000}])
def test_a_token_without_a_limit_in_the_currency_books_nothing(market: Market, daily: dict[str, int]) -> None:
    market.limit(10_000)
    with pytest.raises(NotAllowed, match=r"NGN 0\.00 of NGN 0\.00 are left"):
        book(market, market.party("payee").id, 1, token(market, daily))


@pytest.mark.parametrize("action", ACTIONS)
def test_a_token_books_up_to_its_daily_limit_and_no_further(market: Market, action: str) -> None:
    machine, party = token(market, {"NGN": 1_500}), market.party("payee", wallet=9_000).id
    money.owe(market.session, party, 9_000, "NGN", reference="owed", at=NOW, actor=DIVINE)
    assert book(market, party, 1_000, machine, action).executed
    with pytest.raises(NotAllowed, match=r"NGN 5\.00 of NGN 15\.00 are left"):
        book(market, party, 501, machine, action)
    assert book(market, party, 500, machine, action).executed


def test_a_person_s_token_never_books_more_than_one_person_may_alone(market: Market) -> None:
    from webapp.services.users import users

    person_ = users.create(
        market.session,
        email="a@desk.example",
        name="Ada",
        roles=["admin"],
        password="seven quiet herons",
        at=NOW,
        actor=SETUP,
    )
    machine, party = token(market, {"NGN": 9_000}, users.actor_of(person_)), market.party("payee").id
    with pytest.raises(NotAllowed, match=r"NGN 0\.00 of NGN 0\.00"):
        book(market, party, 1, machine)
    limits.set_limits(market.session, {"NGN": 2_000}, at=NOW, actor=DIVINE)
    assert book(market, party, 2_000, machine).executed
    with pytest.raises(NotAllowed):
        book(market, party, 1, machine)


def test_no_token_gives_the_scope_and_limits_belong_to_it(market: Market) -> None:
    maker = Actor("token", None, "maker", DIVINE.permissions)
    with pytest.raises(Invalid, match="Only a person"):
        token(market, {"NGN": 1}, maker)
    with pytest.raises(Invalid, match="belong to the scope"):
        token(market, {"NGN": 1}, scope="read")


def test_a_reference_is_booked_once(market: Market) -> None:
    market.limit(10_000)
    party = market.party("payee").id
    book(market, party, 1_000, reference="once")
    with pytest.raises(Conflict, match="There is a transfer once already"):
        book(market, party, 2_000, reference="once")


@pytest.mark.parametrize("taken", ["escrow-5-1-release", "Auto-Deduct-7-NGN-2026-11-26", "payout-3-abc-return"])
def test_nobody_takes_a_reference_that_the_desk_will_give(market: Market, taken: str) -> None:
    market.limit(10_000)
    with pytest.raises(Invalid, match="The desk's own movements have such references"):
        book(market, market.party("payee").id, 1_000, reference=taken)
