"""Placements: what is held back from their payouts, until when, and what became of it."""

from typing import Any

from flask import request, url_for
from flask_babel import lazy_gettext as _l

from webapp.admin.escrows.listing import LISTING as ESCROWS
from webapp.admin.ui.lists.amounts import currency
from webapp.admin.ui.lists.columns import Column, choice, text
from webapp.admin.ui.lists.csv_export import download
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.screen import Screen, page
from webapp.domain.states import EscrowStatus, Policy
from webapp.models import Escrow
from webapp.services.escrows import figures as escrow_figures
from webapp.services.escrows.search import matching
from webapp.services.orders import placement_holds

_HELD = Escrow.status == EscrowStatus.HELD
_OF_HOLDS = (Escrow.policy == Policy.PLACEMENT,)
_STATES = [
    ("held", _l("held")),
    ("released", _l("released")),
    ("refunded", _l("refunded")),
    ("split", _l("split")),
    ("pending_payment", _l("awaiting payment")),
    ("voided", _l("voided")),
]
_NAME = Column(
    "placement",
    _l("Placement"),
    Escrow.placement,
    link=lambda row: url_for("placements.one", placement=row.placement) if row.placement else "",
)
_SHOWN = ("ref", "id", "buyer", "buyer_id", "seller", "seller_id", "amount", "currency", "status", "release_at")
_OF_HOLD = tuple(column for column in ESCROWS.columns if column.name in (*_SHOWN, "freezes", "blocked"))

LISTING = Listing(
    key=Escrow.id,
    columns=(_NAME, *_OF_HOLD),
    filters=(
        text("placement", _l("Placement"), Escrow.placement),
        choice("status", _l("Status"), Escrow.status, _STATES),
        currency("currency", _l("Currency"), Escrow.currency),
    ),
    search=matching,
    search_hint=_l("Hold, order, dispute or party"),
)
ONE_LISTING = Listing(
    key=Escrow.id, columns=_OF_HOLD, filters=LISTING.filters[1:], search=matching, search_hint=LISTING.search_hint
)
"""The holds of one placement."""


class PlacementScreen(Screen):
    """Every hold, and the placements they are of."""

    slug = "placements"
    title = _l("Placements")
    permission = "escrow:read"
    group = "money"
    icon = "layers"
    order = 25
    intro = _l("Amounts held back from the payouts of placements until a date.")
    empty = _l("No hold is like this. A hold appears when the marketplace creates one over the API.")

    @page("/")
    def index(self) -> Any:
        """Every hold, and what those that are found still keep."""
        with self.reading() as session:
            found = LISTING.read(session, request.args, *_OF_HOLDS)
            first = not (found.state.after or found.state.before)
            still = LISTING.query(found.state, *_OF_HOLDS, _HELD)
            sums = escrow_figures.totals(session, still) if first else None
        return self.render("escrows/placements.html", page=found, totals=sums, most=escrow_figures.TOTALLED)

    @page("/export.csv")
    def export(self) -> Any:
        """Every hold that is found, as a file."""
        return download(self.slug, LISTING, self.reading_to_export(), request.args, *_OF_HOLDS)

    @page("/of/<path:placement>")
    def one(self, placement: str) -> Any:
        """A placement: what is held still, and its holds with what can be done."""
        with self.reading() as session:
            found = ONE_LISTING.read(session, request.args, *_holds_of(placement))
            totals = placement_holds.total_of(session, placement)
        return self.render("escrows/placement.html", page=found, placement=placement, totals=totals)

    @page("/export.csv/<path:placement>")
    def export_one(self, placement: str) -> Any:
        """The holds of a placement as a file."""
        return download("placement", ONE_LISTING, self.reading_to_export(), request.args, *_holds_of(placement))


def _holds_of(placement: str) -> tuple[Any, ...]:
    return (*_OF_HOLDS, Escrow.placement == placement)
