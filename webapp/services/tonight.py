"""For whom the next runs would move money: the largest few, from a bounded look."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.states import Policy
from webapp.models import AutoDeduct, Escrow, Party
from webapp.models.base import BigInt
from webapp.services import deductions, escrow_queries
from webapp.services.outcome import Outcome
from webapp.services.release_preview import Preview
from webapp.sql import one_of

SHOWN = 10
LOOKED_AT = 5_000
"""Standing orders, and due escrows, that are looked at."""


@dataclass(frozen=True, slots=True)
class Payee:
    """A party, how many of its escrows or standing orders, and minor units; no amount when it is only looked at."""

    party_id: int
    name: str
    count: int
    currency: str
    amount: int | None


def sellers(session: Session, at: datetime, policy: Policy) -> list[Payee]:
    """Who would be paid most by the policy's job."""
    due = escrow_queries.due(policy=policy, at=at).select.limit(LOOKED_AT).subquery()
    amount = func.sum(Escrow.amount).cast(BigInt)
    query = (
        select(Party.id, Party.name, func.count(), Escrow.currency, amount)
        .join(Escrow, Escrow.seller_id == Party.id)
        .where(Escrow.id.in_(select(due.c.id)))
        .group_by(Party.id, Party.name, Escrow.currency)
        .order_by(amount.desc(), Party.id)
        .limit(SHOWN)
    )
    return [Payee(*row) for row in session.execute(query)]


def debtors(session: Session, at: datetime, twin: Callable[..., Outcome]) -> tuple[Preview, list[Payee]]:
    """What the deduction would take, and from whom. `twin` computes it for standing orders without taking anything."""
    ids = list(session.scalars(deductions.due(at).select.order_by(AutoDeduct.id).limit(LOOKED_AT)))
    outcome = twin(session, ids, at=at)
    reasons = Counter(each.sentence for each in outcome.refused)
    stays = [(sentence, "", count, 0) for sentence, count in reasons.most_common(SHOWN)]
    left = {each.id for each in outcome.refused}
    taken = [order_id for order_id in ids if order_id not in left]
    return Preview(outcome.done, outcome.amounts, {}, stays), _parties(session, taken[:SHOWN])


def _parties(session: Session, ids: Sequence[int]) -> list[Payee]:
    query = select(Party.id, Party.name, AutoDeduct.currency).join(AutoDeduct, AutoDeduct.party_id == Party.id)
    rows = session.execute(query.where(one_of(session, AutoDeduct.id, ids)).order_by(Party.name))
    return [Payee(row.id, row.name, 1, row.currency, None) for row in rows]
