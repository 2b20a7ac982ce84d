"""The lists of escrows: one for each question people ask of them."""

from dataclasses import replace
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import aliased

from webapp.admin.ui.lists.amounts import amount_from, amount_to, by_amount, currency
from webapp.admin.ui.lists.columns import Column, Filter, choice, until
from webapp.admin.ui.lists.listing import Listing
from webapp.domain.states import Policy
from webapp.models import Escrow, Party
from webapp.services.escrows.search import matching, of_party
from webapp.services.read_models.list_tabs import ESCROWS

POLICIES = [
    (str(policy), label)
    for policy, label in zip(Policy, (_l("deadline"), _l("completion"), _l("buffer"), _l("placement")), strict=True)
]
_LABELS = {
    "held": _l("Held"),
    "due": _l("Due next"),
    "frozen": _l("Frozen"),
    "blocked": _l("Blocked"),
    "pending_payment": _l("Awaiting payment"),
    "released": _l("Released"),
    "refunded": _l("Refunded"),
    "split": _l("Split"),
    "all": _l("All"),
}
TABS: dict[str, tuple[Any, Any]] = {name: (label, ESCROWS[name]) for name, label in _LABELS.items()}


def _name_of(side: Any) -> Any:
    """A party's name, looked up for the rows that are shown and no others."""
    party = aliased(Party)
    return select(party.name).where(party.id == side).scalar_subquery()


LISTING = Listing(
    key=Escrow.id,
    columns=(
        Column("ref", _l("Escrow"), Escrow.ref, kind="ref", link=lambda row: url_for("escrows.one", escrow_id=row.id)),
        Column("id", _l("Number"), Escrow.id, shown=False),
        Column(
            "buyer",
            _l("Buyer"),
            _name_of(Escrow.buyer_id),
            link=lambda row: url_for("parties.one", party_id=row.buyer_id),
        ),
        Column("buyer_id", "", Escrow.buyer_id, shown=False, exported=False),
        Column(
            "seller",
            _l("Seller"),
            _name_of(Escrow.seller_id),
            link=lambda row: url_for("parties.one", party_id=row.seller_id),
        ),
        Column("seller_id", "", Escrow.seller_id, shown=False, exported=False),
        by_amount(Escrow.amount, Escrow.currency),
        Column("currency", _l("Currency"), Escrow.currency, shown=False),
        Column("status", _l("Status"), Escrow.status, kind="badge"),
        Column("policy", _l("Policy"), Escrow.policy),
        Column("created_at", _l("Age"), Escrow.created_at, kind="when", sort=Escrow.id),
        Column("release_at", _l("Due"), Escrow.release_at, kind="when"),
        Column("freezes", _l("Freezes"), Escrow.freezes, shown=False),
        Column("blocked", _l("Blocked by"), Escrow.blocked, shown=False),
    ),
    filters=(
        choice("policy", _l("Policy"), Escrow.policy, POLICIES),
        currency("currency", _l("Currency"), Escrow.currency),
        amount_from("from", _l("Amount from"), Escrow.amount, Escrow.currency),
        amount_to("to", _l("Amount to"), Escrow.amount, Escrow.currency),
        Filter("party", _l("Party"), of_party, kind="party"),
    ),
    search=matching,
    search_hint=_l("Escrow, order, dispute or party"),
)


DUE_LISTING = replace(
    LISTING,
    sort="release_at",
    columns=tuple(replace(column, sort=column.name == "release_at") for column in LISTING.columns),
    filters=(*LISTING.filters, until("until", _l("Due until"), Escrow.release_at)),
)
"""By when they are due, over the index that the release itself walks."""
