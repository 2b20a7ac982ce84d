"""The lists of payouts, by the question that is asked of them."""

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from webapp.admin.ui.lists.amounts import amount_from, amount_to, by_amount, currency
from webapp.admin.ui.lists.columns import Column, Filter, since, until
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.lists.provider_filter import provider
from webapp.admin.ui.lists.tabbed_screen import Tabs
from webapp.models import Party, Payout, PayoutDestination, PayoutSchedule
from webapp.services.payouts.search import payouts_matching, payouts_of
from webapp.services.read_models.list_tabs import PAYOUTS

_LABELS = {
    "waiting": _l("Waiting"),
    "under_way": _l("Under way"),
    "in_doubt": _l("In doubt"),
    "account_changed": _l("Account changed"),
    "paid_twice": _l("Paid after all"),
    "succeeded": _l("Succeeded"),
    "came_back": _l("Failed and reversed"),
    "cancelled": _l("Cancelled"),
    "all": _l("All"),
}
TABS: Tabs = {name: (label, PAYOUTS[name]) for name, label in _LABELS.items()}
_PARTY = select(Party.name).where(Party.id == Payout.party_id).scalar_subquery()
_SCHEDULE = select(PayoutSchedule.ref).where(PayoutSchedule.id == Payout.schedule_id).scalar_subquery()
_DESTINATION = (
    select(PayoutDestination.bank_code + " ···" + PayoutDestination.account_ending)
    .where(PayoutDestination.id == Payout.destination_id)
    .scalar_subquery()
)

LISTING = Listing(
    key=Payout.id,
    columns=(
        Column("ref", _l("Payout"), Payout.ref, kind="ref", link=lambda row: url_for("payouts.one", payout_id=row.id)),
        Column("id", _l("Number"), Payout.id, shown=False),
        Column("party", _l("Party"), _PARTY, link=lambda row: url_for("parties.one", party_id=row.party_id)),
        Column("party_id", "", Payout.party_id, shown=False, exported=False),
        Column("destination", _l("To"), _DESTINATION),
        Column("provider", _l("Provider"), Payout.provider),
        by_amount(Payout.amount, Payout.currency),
        Column("currency", _l("Currency"), Payout.currency, shown=False),
        Column("status", _l("Status"), Payout.status, kind="badge"),
        Column(
            "schedule",
            _l("Schedule"),
            _SCHEDULE,
            link=lambda row: url_for("payout-schedules.one", payout_schedule_id=row.schedule_id),
        ),
        Column("schedule_id", "", Payout.schedule_id, shown=False, exported=False),
        Column("created_at", _l("Written"), Payout.created_at, kind="when", sort=Payout.id),
        Column("status_detail", _l("Last word"), Payout.status_detail, kind="word"),
    ),
    filters=(
        provider(Payout.provider),
        currency("currency", _l("Currency"), Payout.currency),
        amount_from("from", _l("Amount from"), Payout.amount, Payout.currency),
        amount_to("to", _l("Amount to"), Payout.amount, Payout.currency),
        Filter("party", _l("Party"), payouts_of, kind="party"),
        since("since", _l("Written from"), Payout.created_at),
        until("until", _l("Written until"), Payout.created_at),
    ),
    search=payouts_matching,
    search_hint=_l("Payout, schedule or party"),
)
