"""What the next run of each job that moves money would do: the figures of its dry run, with names and amounts."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.escrow_policies import JOBS
from webapp.domain.states import Policy
from webapp.domain.words import phrase
from webapp.models import Escrow, Party
from webapp.models.base import BigInt
from webapp.services.common.batch_result import Outcome
from webapp.services.common.due import Due
from webapp.services.escrows import release_preview
from webapp.services.parties import auto_deduct, auto_deduct_mandates
from webapp.services.payouts import creation
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.scheduling import schedules
from webapp.settings import Settings
from webapp.sql import one_of

NAMED = 10
"""Parties that are named of each currency; how many there are besides is said."""
REASONS = 100
_PAGE = 5_000
"""As many as a run does at once: its dry run looks at them together too."""
_PAYOUTS = "process_payout_schedules"
_Key = tuple[int, str]
"""A party and a currency."""


@dataclass(frozen=True, slots=True)
class Payee:
    """A party, how many of its things would be paid or taken, and what it gets or gives, in minor units, after fees."""

    party_id: int
    name: str
    count: int
    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class StaysDue:
    """What is due and stays, by reason; no currency and amount where the reason names them."""

    reason: str
    count: int
    currency: str = ""
    amount: int = 0


@dataclass(slots=True)
class UpcomingRun:
    """One job's next run. Amounts in minor units by currency; `parties` is how many there are, `payees` the largest."""

    job: str
    at: datetime
    paused: bool
    count: int = 0
    amounts: dict[str, int] = field(default_factory=dict)
    fees: dict[str, int] = field(default_factory=dict)
    debts: dict[str, int] = field(default_factory=dict)
    """What of it meets the debts that reversals of these escrows left."""
    parties: dict[str, int] = field(default_factory=dict)
    payees: list[Payee] = field(default_factory=list)
    stays: list[StaysDue] = field(default_factory=list)
    off: str = ""
    """Why the job does nothing here at all; empty when it works."""

    def others(self, currency: str) -> tuple[int, int]:
        """How many parties are not named, and their sum."""
        named = [payee.amount for payee in self.payees if payee.currency == currency]
        whole = self.amounts.get(currency, 0) - self.fees.get(currency, 0)
        return self.parties.get(currency, 0) - len(named), whole - sum(named)


def upcoming_runs(session: Session, now: datetime, settings: Settings, routes: Mapping[str, str]) -> list[UpcomingRun]:
    """Every job that moves money out or takes it. `ways` is which provider pays out a currency."""
    return [
        *(_release(session, policy, now) for policy in Policy),
        _deduct(session, now, settings),
        _pay_out(session, now, routes),
    ]


def _release(session: Session, policy: Policy, now: datetime) -> UpcomingRun:
    found = _planned(session, JOBS[policy], now)
    preview = release_preview.preview(session, found.at, policy)
    found.count, found.amounts, found.fees = preview.count, preview.amounts, preview.fees
    found.stays = [StaysDue(reason, count, currency, amount) for reason, currency, count, amount in preview.excluded]
    found.debts = release_preview.debts_met(session, found.at, policy)
    found.parties, found.payees = _sellers(session, found.at, policy)
    return found


def _deduct(session: Session, now: datetime, settings: Settings) -> UpcomingRun:
    found = _planned(session, "auto_deduct", now)
    twin = partial(auto_deduct.preview_all, rule=auto_deduct_mandates.rule(settings))
    return _walked(session, found, auto_deduct.due(), twin)


def _pay_out(session: Session, now: datetime, routes: Mapping[str, str]) -> UpcomingRun:
    found = _planned(session, _PAYOUTS, now)
    if not routes:
        found.off = phrase("No provider is configured that pays out.")
        return found
    return _walked(session, found, payout_schedules.due(found.at), partial(creation.preview_all, routes=routes))


def _walked(session: Session, found: UpcomingRun, due: Due, twin: Callable[..., Outcome]) -> UpcomingRun:
    """What the twin says of everything that is due, as a dry run asks it."""
    taken: dict[_Key, list[int]] = {}
    stays = Counter[str]()
    for ids in _pages(session, due):
        outcome = twin(session, ids, at=found.at)
        found.count += outcome.done
        stays.update(refused.sentence for refused in outcome.refused)
        for each in outcome.shares:
            taken.setdefault((each.party_id, each.currency), []).append(each.amount)
    found.stays = _few(stays)
    for (_party, currency), amounts in taken.items():
        found.amounts[currency] = found.amounts.get(currency, 0) + sum(amounts)
        found.parties[currency] = found.parties.get(currency, 0) + 1
    found.payees = _largest(session, taken, found.parties)
    return found


def _pages(session: Session, due: Due) -> Iterator[Sequence[int]]:
    after: tuple[Any, ...] | None = None
    while rows := _page(session, due, after):
        yield [row[0] for row in rows]
        after = tuple(rows[-1][-len(due.keys) :])


def _page(session: Session, due: Due, after: tuple[Any, ...] | None) -> Sequence[Any]:
    query = due.after(after, _PAGE).with_only_columns(due.model.__table__.c.id, *due.keys)
    return session.execute(query).all()


def _few(stays: Counter[str]) -> list[StaysDue]:
    """The most frequent reasons; what is not listed is counted."""
    listed = [StaysDue(reason, count) for reason, count in stays.most_common(REASONS)]
    rest = stays.total() - sum(stay.count for stay in listed)
    return [*listed, StaysDue(phrase("for other reasons"), rest)] if rest else listed


def _largest(session: Session, taken: Mapping[_Key, Sequence[int]], currencies: Mapping[str, int]) -> list[Payee]:
    ranked = sorted(taken, key=lambda key: (-sum(taken[key]), key[0]))
    shown = [key for currency in sorted(currencies) for key in [k for k in ranked if k[1] == currency][:NAMED]]
    names = dict(
        session.execute(select(Party.id, Party.name).where(one_of(session, Party.id, [key[0] for key in shown]))).all()
    )
    return [Payee(key[0], names[key[0]], len(taken[key]), key[1], sum(taken[key])) for key in shown]


def _sellers(session: Session, at: datetime, policy: Policy) -> tuple[dict[str, int], list[Payee]]:
    """How many sellers the policy's job would pay by currency, and those it would pay most."""
    amount = func.sum(Escrow.amount - Escrow.fee).cast(BigInt).label("amount")
    sums = (
        select(Escrow.seller_id, Escrow.currency, func.count().label("times"), amount)
        .where(*release_preview.payable(at, policy))
        .group_by(Escrow.seller_id, Escrow.currency)
        .subquery()
    )
    rank = func.row_number().over(partition_by=sums.c.currency, order_by=(sums.c.amount.desc(), sums.c.seller_id))
    many = func.count().over(partition_by=sums.c.currency)
    ranked = select(sums, rank.label("rank"), many.label("many")).subquery()
    query = select(ranked, Party.name).join(Party, Party.id == ranked.c.seller_id).where(ranked.c.rank <= NAMED)
    rows = session.execute(query.order_by(ranked.c.currency, ranked.c.rank)).all()
    payees = [Payee(row.seller_id, row.name, row.times, row.currency, row.amount) for row in rows]
    return {row.currency: row.many for row in rows}, payees


def _planned(session: Session, job: str, now: datetime) -> UpcomingRun:
    plan = schedules.get(session, job)
    return UpcomingRun(job, max(plan.next_slot or now, now), plan.paused_at is not None)
