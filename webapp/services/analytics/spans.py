"""Which instants belong to a day: UTC's of every tenant, or each tenant's own, as the settings say."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from webapp.domain.analytics.days import last_whole_day, span
from webapp.domain.instants import known_zones
from webapp.models import Tenant
from webapp.settings import Settings

EVERYWHERE = "UTC"


@dataclass(frozen=True, slots=True)
class Hours:
    """From when until before when the day is, for the tenants of some zones; for every tenant where none is named."""

    begins: datetime
    ends: datetime
    zones: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    """For UTC's: the zones that have hours of their own. Who has no zone, or one that nobody knows, lives by UTC."""


def zones(session: Session, settings: Settings) -> list[str]:
    """The zones whose days are told: UTC, and where the settings say so, those of tenants."""
    if settings.analytics_day == "utc":
        return [EVERYWHERE]
    named = session.scalars(select(Tenant.zone).where(Tenant.zone.is_not(None)).distinct())
    return sorted({EVERYWHERE} | {zone for zone in named if zone in known_zones()})


def last_days(session: Session, settings: Settings, at: datetime) -> list[date]:
    """The last day that is over at an instant, in each of the zones; the newest first."""
    return sorted({last_whole_day(at, zone) for zone in zones(session, settings)}, reverse=True)


def hours_of(session: Session, settings: Settings, day: date) -> list[Hours]:
    """The day of every zone. Zones whose clocks agree about it are told as one."""
    if settings.analytics_day == "utc":
        found = span(day, EVERYWHERE)
        return [Hours(found.begins, found.ends)]
    together: dict[tuple[datetime, datetime], list[str]] = defaultdict(list)
    named = zones(session, settings)
    for zone in named:
        found = span(day, zone)
        together[found.begins, found.ends].append(zone)
    return [
        Hours(begins, ends, tuple(names), tuple(set(named) - set(names)) if EVERYWHERE in names else ())
        for (begins, ends), names in sorted(together.items())
    ]


def within(instant: Any, hours: Sequence[Hours]) -> ColumnElement[bool]:
    """The instant is on that day of its tenant's; the statement has to join `tenant` where zones are named."""
    # The whole range stands outside as well: what is between `OR`s no index is used for.
    whole = (instant >= min(each.begins for each in hours), instant < max(each.ends for each in hours))
    if not any(each.zones for each in hours):
        return and_(*whole)
    own = [and_(_lives_by(each), instant >= each.begins, instant < each.ends) for each in hours]
    return and_(*whole, or_(*own))


def _lives_by(hours: Hours) -> ColumnElement[bool]:
    """Which tenants these hours are for."""
    zone = func.coalesce(Tenant.zone, EVERYWHERE)
    return zone.not_in(hours.besides) if EVERYWHERE in hours.zones else zone.in_(hours.zones)
