"""How much a token may book as deposits, debts and repayments: per currency and UTC day, set when it is made.

A person's token also uses up what that person may move alone that day, together with all else that they do.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.money.money import Money
from webapp.domain.words import phrase
from webapp.errors import NotAllowed
from webapp.models import ApiToken, TokenSpending
from webapp.services.approvals import limits
from webapp.settings import Settings


def spend(session: Session, actor: Actor, amount: Money, at: datetime, settings: Settings) -> None:
    """Take the amount from the token's limit of the day, and from that of the person behind it.

    Raises NotAllowed when it is above one of them.
    """
    assert actor.id is not None
    key = {"token_id": actor.id, "day": limits.day_of(at), "currency": amount.currency}
    most = _limit_of(session, actor.id, amount.currency)
    if not limits.take(session, TokenSpending, key, amount.amount, most):
        who = phrase("this token may book today as deposits, debts and repayments")
        raise NotAllowed(_too_much(amount, who, most - _spent(session, key), most))
    if actor.person_id is not None and not limits.spend(session, actor, amount.currency, amount.amount, at, settings):
        who = phrase("the person behind this token may move alone today")
        left = limits.left(session, actor, amount.currency, at, settings)
        raise NotAllowed(_too_much(amount, who, left, limits.limit_of(session, amount.currency, settings)))


def _limit_of(session: Session, token_id: int, currency: str) -> int:
    """The token's limit of a currency; none set means nothing."""
    most: int = (session.get_one(ApiToken, token_id).daily_limits or {}).get(currency, 0)
    return most


def _too_much(amount: Money, who: str, left: int, most: int) -> str:
    rest = Money(max(0, left), amount.currency)
    return phrase(
        "%(amount)s is above what %(who)s: %(rest)s of %(most)s are left.",
        amount=amount,
        who=who,
        rest=rest,
        most=Money(most, amount.currency),
    )


def _spent(session: Session, key: Mapping[str, Any]) -> int:
    return session.scalars(select(TokenSpending.amount).filter_by(**key)).one_or_none() or 0
