"""The lists of payout schedules, by the question that is asked of them."""

from dataclasses import replace

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, func, select

from webapp import clock
from webapp.admin.ui.lists.amounts import currency
from webapp.admin.ui.lists.columns import Column, Filter, since, until
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.lists.tabbed_screen import Tabs
from webapp.domain.states import ScheduleStatus
from webapp.models import Party, PayoutSchedule
from webapp.services.payouts.search import schedules_matching, schedules_of

_NOW = bindparam("now", callable_=lambda: clock.now(), type_=PayoutSchedule.__table__.c.due_at.type, unique=True)
"""The instant at which the list is read."""
_PENDING = PayoutSchedule.status == ScheduleStatus.PENDING
_READY = PayoutSchedule.due_at <= _NOW
_GUARANTEED = func.coalesce(PayoutSchedule.guarantee_completion_date, PayoutSchedule.due_at) <= _NOW

TABS: Tabs = {
    "due": (_l("Due"), (_PENDING, _READY, _GUARANTEED)),
    "upcoming": (_l("Upcoming"), (_PENDING, ~(_READY & _GUARANTEED))),
    "processing": (_l("Processing"), (PayoutSchedule.status == ScheduleStatus.PROCESSING,)),
    "processed": (_l("Processed"), (PayoutSchedule.status == ScheduleStatus.PROCESSED,)),
    "failed": (_l("Failed"), (PayoutSchedule.status == ScheduleStatus.FAILED,)),
    "cancelled": (_l("Cancelled"), (PayoutSchedule.status == ScheduleStatus.CANCELLED,)),
    "all": (_l("All"), ()),
}
WAITING_TABS = ("due", "upcoming")
_PARTY = select(Party.name).where(Party.id == PayoutSchedule.party_id).scalar_subquery()

LISTING = Listing(
    key=PayoutSchedule.id,
    columns=(
        Column(
            "ref",
            _l("Schedule"),
            PayoutSchedule.ref,
            kind="ref",
            link=lambda row: url_for("payout-schedules.one", payout_schedule_id=row.id),
        ),
        Column("id", _l("Number"), PayoutSchedule.id, shown=False),
        Column("party", _l("Party"), _PARTY, link=lambda row: url_for("parties.one", party_id=row.party_id)),
        Column("party_id", "", PayoutSchedule.party_id, shown=False, exported=False),
        Column("placement", _l("Placement"), PayoutSchedule.placement),
        Column("amount", _l("Amount"), PayoutSchedule.amount, kind="money"),
        Column("currency", _l("Currency"), PayoutSchedule.currency, shown=False),
        Column("status", _l("Status"), PayoutSchedule.status, kind="badge"),
        Column("due_at", _l("Due"), PayoutSchedule.due_at, kind="when"),
        Column("guarantee", _l("Guarantee ends"), PayoutSchedule.guarantee_completion_date, kind="when"),
        Column("retry_count", _l("Attempts that failed"), PayoutSchedule.retry_count, kind="number"),
        Column("failure_reason", _l("Last word"), PayoutSchedule.failure_reason),
    ),
    filters=(
        Filter("placement", _l("Placement"), lambda value: PayoutSchedule.placement == value),
        Filter("party", _l("Party"), schedules_of, kind="party"),
        currency("currency", _l("Currency"), PayoutSchedule.currency),
        since("since", _l("Due from"), PayoutSchedule.due_at),
        until("until", _l("Due until"), PayoutSchedule.due_at),
    ),
    search=schedules_matching,
    search_hint=_l("Schedule, placement or party"),
)
DUE_LISTING = replace(
    LISTING,
    sort="due_at",
    columns=tuple(replace(column, sort=column.name == "due_at") for column in LISTING.columns),
)
"""By when they are due, over the index that the payouts themselves walk."""
