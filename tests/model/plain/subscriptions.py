"""A tenant's right to sell: what people and the calendar make of it."""

from dataclasses import dataclass
from datetime import datetime

from tests.model.plain.books import Refused
from tests.model.plain.desk import Desk, Subscription
from tests.model.plain.facts import GRACE


@dataclass
class Change:
    """What a person does to one; `until` is the date that is given with it."""

    kind: str
    until: datetime | None = None


def create(desk: Desk, who: str, tenant: str, until: datetime) -> None:
    """A tenant has one, active whatever its date is, until the calendar is looked at."""
    desk.require(who, "subscribe")
    if tenant in desk.subscriptions:
        raise Refused("it has one")
    desk.subscriptions[tenant] = Subscription(until)
    _tell(desk, tenant, "created", by_hand=False)


def change(desk: Desk, who: str, tenant: str, wanted: Change) -> None:
    """A person renews, extends, suspends or resumes it, or takes the last date back."""
    desk.require(who, "subscribe")
    mine = desk.subscriptions[tenant]
    if wanted.kind in ("renewed", "extended"):
        _prolong(desk, mine, wanted)
    elif wanted.kind == "suspended":
        if mine.by_hand:
            raise Refused("a person was first")
        mine.status, mine.by_hand = "suspended", True
    elif wanted.kind == "resumed":
        if mine.status != "suspended" or _by_calendar(desk, mine.until) == "suspended":
            raise Refused("it is not suspended, or its grace is over")
        mine.status, mine.by_hand = _by_calendar(desk, mine.until), False
    else:
        if mine.before is None:
            raise Refused("there is nothing to take back")
        mine.until, mine.before = mine.before, None
        mine.status = "suspended" if mine.by_hand else _by_calendar(desk, mine.until)
    _tell(desk, tenant, wanted.kind, by_hand=mine.by_hand)


def _prolong(desk: Desk, mine: Subscription, wanted: Change) -> None:
    is_renewal, until = wanted.kind == "renewed", wanted.until or desk.now
    if until <= mine.until or (is_renewal and until <= desk.now):
        raise Refused("to a later date, and a renewal to one that is to come")
    mine.until, mine.before = until, mine.until
    if not mine.by_hand:
        mine.status = "active" if is_renewal else _by_calendar(desk, until)


def expire(desk: Desk, by: datetime) -> None:
    """The calendar: expired at its date, suspended when the grace is over."""
    for found, ends, status in (("active", GRACE * 0, "expired"), ("expired", GRACE, "suspended")):
        for tenant, mine in desk.subscriptions.items():
            if mine.status == found and mine.until + ends <= by:
                mine.status = status
                _tell(desk, tenant, status, by_hand=False)


def _by_calendar(desk: Desk, until: datetime) -> str:
    if desk.now < until:
        return "active"
    return "expired" if desk.now < until + GRACE else "suspended"


def _tell(desk: Desk, tenant: str, what: str, *, by_hand: bool) -> None:
    """An event, and a letter to the tenant."""
    desk.tell(tenant, f"subscription.{what}")
    by = "_by_hand" if by_hand and what == "suspended" else ""
    desk.subscriptions[tenant].letters.append(f"subscription.{what}{by}")
