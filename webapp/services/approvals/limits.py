"""How much one person may move without a second: per currency, on the whole escrow, and cumulative per day.

What a person's tokens move is moved by that person.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.money.money import Money
from webapp.domain.words import phrase
from webapp.errors import Invalid, Overtaken
from webapp.models import Spending, StoredSetting, TokenSpending
from webapp.services.audit import trail
from webapp.services.common import validation
from webapp.settings import Settings
from webapp.sql import insert_new

_NAME = "approval_limits"


def all_limits(session: Session, settings: Settings) -> dict[str, int]:
    """The limits in force, in minor units by currency. What admins set wins over the environment."""
    stored = session.get(StoredSetting, _NAME)
    return dict(stored.value) if stored is not None and stored.value is not None else dict(settings.approval_limits)


def are_set() -> ColumnElement[bool]:
    """Whether somebody has set limits in the desk."""
    return exists().where(StoredSetting.name == _NAME)


def limit_of(session: Session, currency: str, settings: Settings) -> int:
    """The limit of a currency; none set means zero."""
    return all_limits(session, settings).get(currency, 0)


def set_limits(
    session: Session, limits: dict[str, int], *, at: datetime, actor: Actor, seen: dict[str, int] | None = None
) -> None:
    """Set the limits of all currencies at once. Raises Conflict when they are not what the actor has `seen`."""
    actor.require("settings:manage")
    for currency, limit in limits.items():
        validation.require_currency(currency)
        if limit < 0:
            raise Invalid(phrase("A limit is zero or more."), fields={currency: phrase("Zero or more.")})
    row = session.get(StoredSetting, _NAME, with_for_update=True)
    before = row.value if row is not None else None
    if seen is not None and before is not None and before != seen:
        raise Overtaken(phrase("The limits were changed meanwhile. Look at them again; yours were not applied."))
    if row is None:
        row = StoredSetting(name=_NAME)
        session.add(row)
    row.value, row.changed_at, row.changed_by = limits, at, actor.name
    session.flush()
    details = {"limits": limits}
    trail.record(session, actor, "settings.limits", ("setting", 2), at=at, before={"limits": before}, after=details)


def needs_second_person(
    session: Session, actor: Actor, currency: str, amount: int, at: datetime, settings: Settings
) -> bool:
    """Whether this amount, with what this person moved today already, is above the limit."""
    return amount > left(session, actor, currency, at, settings)


def spend(session: Session, actor: Actor, currency: str, amount: int, at: datetime, settings: Settings) -> bool:
    """Take the amount from the person's limit of the day; False, and nothing taken, when it would go above it."""
    key = {"actor": actor.person, "day": day_of(at), "currency": currency}
    return take(session, Spending, key, amount, limit_of(session, currency, settings))


def take(
    session: Session, model: type[Spending] | type[TokenSpending], key: Mapping[str, Any], amount: int, most: int
) -> bool:
    """Add the amount to what is spent under this key; False, and nothing added, when that would be more than `most`.

    One statement, whose condition is judged on the locked row: two at once can't both fit.
    """
    if amount > most:
        return False
    row = insert_new(session, model).values(**key, amount=amount)
    spent: Any = model.__table__.c.amount
    more = spent + row.excluded.amount
    added = row.on_conflict_do_update(index_elements=list(key), set_={"amount": more}, where=more <= most)
    return session.execute(added.returning(spent)).one_or_none() is not None


def left(session: Session, actor: Actor, currency: str, at: datetime, settings: Settings) -> int:
    """What this person may still move today without a second; below zero when the limit was lowered meanwhile."""
    return limit_of(session, currency, settings) - _spent(session, actor, currency, at)


def why_two(session: Session, actor: Actor, amount: Money, at: datetime, settings: Settings) -> str:
    """Why this amount takes a second person, in words: their limit, or what they moved today already."""
    limit = Money(limit_of(session, amount.currency, settings), amount.currency)
    if amount.amount > limit.amount:
        return phrase("%(amount)s is above your limit of %(limit)s", amount=amount, limit=limit)
    there = Money(max(0, left(session, actor, amount.currency, at, settings)), amount.currency)
    return phrase(
        "%(amount)s is more than you may still decide alone today: %(there)s of your %(limit)s a day",
        amount=amount,
        there=there,
        limit=limit,
    )


def _spent(session: Session, actor: Actor, currency: str, at: datetime) -> int:
    mine = (Spending.actor == actor.person, Spending.day == day_of(at), Spending.currency == currency)
    return session.scalars(select(Spending.amount).where(*mine)).one_or_none() or 0


def day_of(at: datetime) -> str:
    """The UTC day to which a limit belongs."""
    return at.astimezone(UTC).date().isoformat()
