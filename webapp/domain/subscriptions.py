"""A tenant's right to sell: when it has expired, how long the grace is, and what each change makes of it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from webapp.domain.instants import in_utc
from webapp.domain.states import SubscriptionStatus
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid, Overtaken

REMIND_WITHIN = timedelta(days=7)
"""How long before its end a tenant is reminded, and stands under *Expiring*."""


class ChangeKind(StrEnum):
    """What happened to a subscription: the last word of its event, its message and its audit record."""

    CREATED = "created"
    RENEWED = "renewed"
    EXTENDED = "extended"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    REVERTED = "reverted"


class ReminderKind(StrEnum):
    """What a tenant is reminded of."""

    RENEWAL = "renewal_due"
    PAYMENT = "payment_due"


@dataclass(frozen=True, slots=True)
class State:
    """What the rules know of a subscription."""

    status: SubscriptionStatus
    expire_date: datetime
    suspended_by_hand: bool = False
    payment_pending_since: datetime | None = None
    date_before: datetime | None = None
    """What the date was before the last renewal or extension, while that can be taken back."""
    pending_before: datetime | None = None
    """What `payment_pending_since` was before the last renewal, while that can be taken back."""


def grace_of(own_days: int | None, days: int) -> timedelta:
    """A tenant's grace: its own, or that of the settings."""
    return timedelta(days=days if own_days is None else own_days)


def status_at(expire_date: datetime, grace: timedelta, at: datetime) -> SubscriptionStatus:
    """What the calendar makes of it. Expired at the very instant of its date, suspended at that of the grace's end."""
    if at < expire_date:
        return SubscriptionStatus.ACTIVE
    return SubscriptionStatus.EXPIRED if at < expire_date + grace else SubscriptionStatus.SUSPENDED


def renewed(state: State, until: datetime, *, at: datetime) -> State:
    """Paid for until a later date, in the future; nothing is pending then. Raises Invalid."""
    _require_later(state, until)
    if until <= at:
        sentence = phrase("A renewal ends in the future.")
        raise Invalid(sentence, fields={"expire_date": sentence})
    paid = replace(state, payment_pending_since=None, pending_before=state.payment_pending_since)
    status = _kept_by_hand(state, SubscriptionStatus.ACTIVE)
    return replace(paid, expire_date=until, date_before=state.expire_date, status=status)


def extended(state: State, until: datetime, grace: timedelta, *, at: datetime) -> State:
    """Given until a later date, paid or not. Raises Invalid."""
    _require_later(state, until)
    status = _kept_by_hand(state, status_at(until, grace, at))
    return replace(state, expire_date=until, date_before=state.expire_date, pending_before=None, status=status)


def suspended(state: State) -> State:
    """Suspended by a person: neither a renewal nor a job ends that. Raises Overtaken when a person was first."""
    if state.suspended_by_hand:
        raise Overtaken(phrase("It is suspended by hand already. Nothing was changed."))
    return replace(state, status=SubscriptionStatus.SUSPENDED, suspended_by_hand=True)


def resumed(state: State, grace: timedelta, *, at: datetime, until: datetime | None = None) -> State:
    """As the calendar says, from a later date on when one is given.

    Raises Overtaken when it is not suspended, Conflict when its grace is over, Invalid for a date that is not later.
    """
    if state.status != SubscriptionStatus.SUSPENDED:
        raise Overtaken(phrase("It is %(status)s, not suspended. Nothing was changed.", status=state.status))
    dated = state if until is None else extended(state, until, grace, at=at)
    status = status_at(dated.expire_date, grace, at)
    if status == SubscriptionStatus.SUSPENDED:
        over = dated.expire_date + grace
        sentence = phrase(
            "Its grace was over on %(over)s. Renew it, or give a later date with this.",
            over=in_utc(over),
        )
        raise Conflict(sentence, fields={"expire_date": sentence})
    return replace(dated, status=status, suspended_by_hand=False)


def reverted(state: State, grace: timedelta, *, at: datetime) -> State:
    """The date before the last renewal or extension again, and the payment that was pending before that renewal.

    Raises Conflict when there is none to take back.
    """
    if state.date_before is None:
        raise Conflict(phrase("There is no renewal and no extension to take back."))
    status = _kept_by_hand(state, status_at(state.date_before, grace, at))
    pending = state.payment_pending_since or state.pending_before
    undone = replace(state, payment_pending_since=pending, pending_before=None)
    return replace(undone, expire_date=state.date_before, date_before=None, status=status)


def _require_later(state: State, until: datetime) -> None:
    if until <= state.expire_date:
        sentence = phrase(
            "Choose a date after the present one, %(expire_date)s.",
            expire_date=in_utc(state.expire_date),
        )
        raise Invalid(sentence, fields={"expire_date": sentence})


def _kept_by_hand(state: State, status: SubscriptionStatus) -> SubscriptionStatus:
    return SubscriptionStatus.SUSPENDED if state.suspended_by_hand else status
