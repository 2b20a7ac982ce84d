"""The list of disputes, sorted by deadline, and its tabs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from webapp.admin.ui.claim_names import dispute_kinds
from webapp.admin.ui.late_words import read_late
from webapp.admin.ui.lists.amounts import amount_from, amount_to, by_amount, currency
from webapp.admin.ui.lists.columns import Column, Filter, choice, since, until
from webapp.admin.ui.lists.listing import Listing
from webapp.domain.disputes.resolutions import REASON_CODES
from webapp.models import Dispute, Escrow, Party, User
from webapp.security.context import runtime
from webapp.services.disputes.queues import matching, of_party
from webapp.services.users.assignees import dispute_handlers

TABS: dict[str, Any] = {
    "decide": _l("Needs a decision"),
    "for_me": _l("Waiting for me"),
    "mine": _l("Mine"),
    "unassigned": _l("Unassigned"),
    "waiting": _l("Waiting for a party"),
    "approval": _l("Needs approval"),
    "overdue": _l("Past due"),
    "resolved": _l("Resolved"),
    "all": _l("All"),
}


def tab_of(args: Mapping[str, str]) -> str:
    """The tab that an address asks for: what waits for a decision, unless something is searched for in all of them."""
    wanted = args.get("tab", "")
    return wanted if wanted in TABS else "all" if args.get("q") else "decide"


_ASSIGNEE = select(User.name).where(User.id == Dispute.assignee_id).scalar_subquery()


def _assignees() -> list[tuple[str, Any]]:
    with runtime().db.reading() as session:
        return [(str(user_id), name) for user_id, name in dispute_handlers(session)]


def _name_of(side: Any) -> Any:
    party = aliased(Party)
    return select(party.name).where(party.id == side).scalar_subquery()


def _with_escrow(query: Select[Any]) -> Select[Any]:
    return query.join(Escrow, Escrow.id == Dispute.escrow_id)


LISTING = Listing(
    key=Dispute.id,
    sort="due_at",
    source=_with_escrow,
    columns=(
        Column(
            "ref", _l("Dispute"), Dispute.ref, kind="ref", link=lambda row: url_for("disputes.one", dispute_id=row.id)
        ),
        Column("id", _l("Number"), Dispute.id, shown=False),
        Column("kind", _l("Kind"), Dispute.kind, shown=False),
        Column("buyer", _l("Buyer and seller"), _name_of(Escrow.buyer_id)),
        Column("seller", _l("Seller"), _name_of(Escrow.seller_id), shown=False),
        Column("claim", _l("Claim"), Dispute.reason_code, kind="reason"),
        by_amount(Escrow.amount, Escrow.currency),
        Column("currency", _l("Currency"), Escrow.currency, shown=False),
        Column("status", _l("Status"), Dispute.status, kind="badge"),
        Column("due_at", _l("Deadline"), Dispute.due_at, kind="due", sort=True),
        Column("paused_at", _l("Paused"), Dispute.paused_at, shown=False),
        Column("assignee", _l("Assignee"), _ASSIGNEE, sort=func.coalesce(_ASSIGNEE, "")),
        Column("opened_at", _l("Opened"), Dispute.opened_at, kind="when", sort=Dispute.id),
    ),
    filters=(
        choice("kind", _l("Kind"), Dispute.kind, dispute_kinds),
        choice("claim", _l("Claim"), Dispute.reason_code, read_late(REASON_CODES)),
        currency("currency", _l("Currency"), Escrow.currency),
        amount_from("from", _l("Amount from"), Escrow.amount, Escrow.currency),
        amount_to("to", _l("Amount to"), Escrow.amount, Escrow.currency),
        since("since", _l("Opened from"), Dispute.opened_at),
        until("until", _l("Opened until"), Dispute.opened_at),
        Filter(
            "assignee",
            _l("Assignee"),
            lambda user_id: Dispute.assignee_id == int(user_id),
            kind="choice",
            choices=_assignees,
        ),
        Filter("party", _l("Party"), of_party, kind="party"),
    ),
    search=matching,
    search_hint=_l("Dispute, escrow, order or party"),
)
_BY_OPEN_ONES = ("amount", "assignee")
"""What only open disputes are sorted by. Neither stands in their own table, so that no index has it in order: those
that are open are few enough to be read and sorted, those that ever were are not."""
_EVERY = replace(
    LISTING,
    columns=tuple(replace(each, sort=False) if each.name in _BY_OPEN_ONES else each for each in LISTING.columns),
)
_LAST_RESOLVED_FIRST = replace(
    _EVERY,
    sort="-resolved_at",
    columns=(*_EVERY.columns, Column("resolved_at", _l("Resolved"), Dispute.resolved_at, kind="when", sort=True)),
)
_BY_TAB = {"resolved": _LAST_RESOLVED_FIRST, "all": replace(_EVERY, sort="-opened_at")}
"""What is over, or was ever, is sought by what happened last; what waits, by its deadline."""


def listing_of(tab: str) -> Listing:
    """The list that a tab shows."""
    return _BY_TAB.get(tab, LISTING)
