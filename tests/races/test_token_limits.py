"""A token's daily limit under bookings at the same moment, on PostgreSQL."""

from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.races.together import Meeting, at_once
from tests.support.arguments import ByActor, ByActorUnderSettings
from tests.support.market import DIVINE, NOW, Market, all_books_agree, wallet
from webapp.domain.actors import Actor
from webapp.errors import NotAllowed
from webapp.runtime import Runtime
from webapp.services.approvals import limits
from webapp.services.parties import wallet_operations
from webapp.services.parties.wallet_operations import NewMoney
from webapp.services.users import api_tokens

pytestmark = [pytest.mark.races, pytest.mark.timeout(240)]

ROUNDS = 40
SETUP = Actor("cli", None, "setup", DIVINE.permissions)


def tokens_and_parties(runtime: Runtime, count: int) -> list[tuple[Actor, int]]:
    with runtime.db.transaction() as session:
        market, made = Market(session, runtime), []
        for number in range(count):
            how: ByActor = {"at": NOW, "actor": SETUP}
            token, _ = api_tokens.create(
                session,
                name=f"shop {number}",
                scopes=["parties:money"],
                expires_at=None,
                daily_limits={"NGN": 1_000},
                **how,
            )
            made.append((api_tokens.actor_of(token), market.party("payee").id))
            deposit(runtime, *made[-1], 0, 100)(session)  # Today's row is there: it is its lock that counts.
    return made


def deposit(runtime: Runtime, actor: Actor, party: int, number: int, amount: int = 600) -> Any:
    def attempt(session: Session) -> Any:
        new = NewMoney(amount, "NGN", f"deposit-{party}-{number}", "TRX")
        how: ByActorUnderSettings = {"at": NOW, "actor": actor, "settings": runtime.settings}
        return wallet_operations.decide(session, "party.deposit", party, new, **how)

    return attempt


def test_two_deposits_at_once_stay_within_the_daily_limit(pg_runtime: Runtime) -> None:
    for actor, party in tokens_and_parties(pg_runtime, ROUNDS):
        outcomes = at_once(pg_runtime, [deposit(pg_runtime, actor, party, number) for number in (1, 2)])

        assert sorted(isinstance(outcome, NotAllowed) for outcome in outcomes) == [False, True], outcomes
        with pg_runtime.db.reading() as session:
            assert wallet(session, party) == 700
    all_books_agree(pg_runtime)


def test_without_its_lock_both_would_fit(pg_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    [(actor, party)] = tokens_and_parties(pg_runtime, 1)
    looked = Meeting().after(lambda session, model, key: session.scalars(select(model.amount).filter_by(**key)).one())

    def look_then_add(session: Session, model: Any, key: dict[str, Any], amount: int, most: int) -> bool:
        fits: bool = looked(session, model, key) + amount <= most
        if fits:
            session.execute(update(model).filter_by(**key).values(amount=model.amount + amount))
        return fits

    monkeypatch.setattr(limits, "take", look_then_add)

    outcomes = at_once(pg_runtime, [deposit(pg_runtime, actor, party, number) for number in (1, 2)])

    assert [isinstance(outcome, NotAllowed) for outcome in outcomes] == [False, False], outcomes
