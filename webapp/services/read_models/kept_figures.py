"""Which figures are kept ready: what many pages ask again and again, and costs more than fetching it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.analytics.currencies import NO_CURRENCY
from webapp.domain.analytics.periods import Period, until
from webapp.figure_cache import CachedFigure
from webapp.models import AnalyticsDay, AnalyticsTotal
from webapp.services.analytics import figures
from webapp.services.analytics.figures import Seller
from webapp.services.read_models import list_tabs, money_totals, work_counts
from webapp.services.read_models.money_totals import MoneySummary

_COUNTS = TypeAdapter(dict[str, int])
_SELLERS = TypeAdapter(list[Seller])
BEST = 10
"""Tenants that are named as those with the most revenue."""
WARMED = (7, 30, 90, 365)
"""Days until the last closed one whose best sellers are kept ready: the periods that the page offers."""
MOST_FIGURES = 4_000_000
"""From so many figures of tenants their best are named while a page waits: about two seconds of the database."""

OVERVIEW: CachedFigure[MoneySummary] = CachedFigure("overview", money_totals.summary, TypeAdapter(MoneySummary))
"""What is held, leaves soon, is frozen and is blocked."""


def tab_counts(name: str) -> CachedFigure[dict[str, int]]:
    """How many rows the tabs of a list have."""
    return CachedFigure(f"tabs:{name}", lambda session, _at: list_tabs.counts(session, name), _COUNTS)


def work_counts_of(actor: Actor) -> CachedFigure[dict[str, int]]:
    """How much work of each kind waits for this person. Every page shows it, so it is asked twice a minute at most."""
    name = f"work:{actor.person}:{','.join(work_counts.kinds(actor))}"
    return CachedFigure(
        name, lambda session, at: work_counts.counts(session, actor, at), _COUNTS, timedelta(seconds=30)
    )


def best_sellers(session: Session, period: Period, currency: str) -> CachedFigure[list[Seller]]:
    """Who had the most revenue. It stays as it is until a day is made anew, so its name says when one was last."""
    newest = session.scalar(select(func.max(AnalyticsDay.closed_at)))
    made = clock.iso(newest) if newest else "never"
    name = f"sellers:{currency}:{period.first}:{period.last}:{made}"
    ask = partial(_sellers, period=period, currency=currency)
    return CachedFigure(name, ask, _SELLERS, kept_for=timedelta(days=1))


def is_quick(session: Session, period: Period, currency: str) -> bool:
    """Whether a page may wait while the best sellers are asked of the database."""
    return figures.sellers_in(session, period, currency) <= MOST_FIGURES


def all_figures(session: Session) -> Iterator[CachedFigure[Any]]:
    """Everything that is kept ready."""
    yield OVERVIEW
    for name in list_tabs.LISTS:
        yield tab_counts(name)
    last = figures.last_closed(session)
    if last is None:
        return
    for days in WARMED:
        period = until(last, days)
        for currency in _currencies(session, period):
            yield best_sellers(session, period, currency)


def _sellers(session: Session, _at: datetime, period: Period, currency: str) -> list[Seller]:
    return figures.best_sellers(session, period, currency, BEST)


def _currencies(session: Session, period: Period) -> list[str]:
    row = AnalyticsTotal
    found = select(row.currency).where(row.day.between(period.first, period.last), row.currency != NO_CURRENCY)
    return list(session.scalars(found.distinct().order_by(row.currency)))
