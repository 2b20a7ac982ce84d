"""Finding payouts and their schedules by what people type: always by an index."""

from typing import Any

from sqlalchemy import ColumnElement, select, union_all

from webapp.models import Payout, PayoutSchedule
from webapp.services.common.lookup import parties_called
from webapp.sql import begins

ENOUGH = 1000
"""How many of each kind of match are looked at."""


def payouts_matching(words: str) -> ColumnElement[bool]:
    """Payouts whose own or whose schedule's reference begins with these words, or whose party is this one."""
    planned = select(Payout.id).join(PayoutSchedule, PayoutSchedule.id == Payout.schedule_id)
    return _any_of(
        Payout,
        select(Payout.id).where(begins(Payout.ref, words)),
        planned.where(begins(PayoutSchedule.ref, words)),
        select(Payout.id).where(payouts_of(words)).order_by(Payout.id.desc()),
    )


def schedules_matching(words: str) -> ColumnElement[bool]:
    """Schedules whose reference or placement begins with these words, or whose party is this one."""
    found = select(PayoutSchedule.id)
    return _any_of(
        PayoutSchedule,
        found.where(begins(PayoutSchedule.ref, words)),
        found.where(begins(PayoutSchedule.placement, words)),
        found.where(schedules_of(words)).order_by(PayoutSchedule.id.desc()),
    )


def payouts_of(reference: str) -> ColumnElement[bool]:
    """Payouts of the party with this reference or name."""
    return Payout.party_id.in_(parties_called(reference))


def schedules_of(reference: str) -> ColumnElement[bool]:
    """Schedules of the party with this reference or name."""
    return PayoutSchedule.party_id.in_(parties_called(reference))


def _any_of(model: Any, *queries: Any) -> ColumnElement[bool]:
    found: ColumnElement[bool] = model.id.in_(union_all(*[select(way.limit(ENOUGH).subquery()) for way in queries]))
    return found
