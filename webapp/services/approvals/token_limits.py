"""How much a token may book as deposits, debts and repayments: per currency and UTC day, set when it is made.

A person's token also uses up what that person may move alone that day, together with all else that they do.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.money import Money
from webapp.errors import NotAllowed
from webapp.models import ApiToken, TokenSpending
from webapp.services.approvals import limits
from webapp.settings import Settings
from webapp.sql import insert_new


def spend(session: Session, actor: Actor, amount: Money, at: datetime, settings: Settings) -> None:
    """Take the amount from the token's limit of the day, and from that of the person behind it.

    Raises NotAllowed when it is above one of them.

    The row is locked before it is looked at, so that two bookings at once can't both fit.
    """
    assert actor.id is not None
    day = at.astimezone(UTC).date().isoformat()
    key: dict[str, int | str] = {"token_id": actor.id, "day": day, "currency": amount.currency}
    session.execute(insert_new(session, TokenSpending).values(**key, amount=0).on_conflict_do_nothing())
    spent, most = _locked(session, key), _limit_of(session, actor.id, amount.currency)
    if spent + amount.amount > most:
        who = "this token may book today as deposits, debts and repayments"
        raise NotAllowed(_too_much(amount, who, most - spent, most))
    if actor.person_id is not None and not limits.spend(session, actor, amount.currency, amount.amount, at, settings):
        who = "the person behind this token may move alone today"
        left = limits.left(session, actor, amount.currency, at, settings)
        raise NotAllowed(_too_much(amount, who, left, limits.limit_of(session, amount.currency, settings)))
    session.execute(update(TokenSpending).filter_by(**key).values(amount=TokenSpending.amount + amount.amount))


def _limit_of(session: Session, token_id: int, currency: str) -> int:
    """The token's limit of a currency; none set means nothing."""
    most: int = (session.get_one(ApiToken, token_id).daily_limits or {}).get(currency, 0)
    return most


def _too_much(amount: Money, who: str, left: int, most: int) -> str:
    rest = Money(max(0, left), amount.currency)
    return f"{amount} is above what {who}: {rest} of {Money(most, amount.currency)} are left."


def _locked(session: Session, key: Mapping[str, int | str]) -> int:
    """What is taken already, kept as it is until the transaction ends."""
    session.execute(select(TokenSpending.amount).filter_by(**key).with_for_update())
    return _spent(session, key)


def _spent(session: Session, key: Mapping[str, int | str]) -> int:
    return session.scalars(select(TokenSpending.amount).filter_by(**key)).one()
