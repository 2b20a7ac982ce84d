"""Escrows: what is held, for whom, since when, and what becomes of it."""

from collections.abc import Mapping
from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l

from webapp import clock
from webapp.admin.escrows import action_links as escrow_action_links
from webapp.admin.escrows.actions import EscrowActions
from webapp.admin.escrows.listing import DUE_LISTING, LISTING, TABS
from webapp.admin.ui import charts
from webapp.admin.ui.kept_figures import tab_counts
from webapp.admin.ui.lists.csv_export import download
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.lists.listing_state import ListState
from webapp.admin.ui.remedies import with_links
from webapp.admin.ui.screen import page
from webapp.admin.ui.timeline import FROZEN_BY, in_words
from webapp.models import Escrow
from webapp.services.escrows import figures as escrow_figures
from webapp.services.read_models import escrow_detail, escrow_explanation


class EscrowScreen(EscrowActions):
    """Every escrow, by the question that is asked of it."""

    slug = "escrows"
    title = _l("Escrows")
    permission = "escrow:read"
    group = "money"
    icon = "lock"
    order = 10
    intro = _l("Money held for orders, until it is released, refunded or split.")
    empty = _l("No escrow is like this. An escrow appears with its order, from the import or the API.")

    @page("/")
    def index(self) -> Any:
        """One tab of escrows, with what is found added up."""
        listing, conditions = self._current_listing()
        with self.reading() as session:
            found = listing.read(session, request.args, *conditions)
            first = not (found.state.after or found.state.before)
            sums = escrow_figures.totals(session, listing.query(found.state, *conditions)) if first else None
            counts, counted = tab_counts(session, "escrows", clock.now())
        return self.render(
            "escrows/escrows.html",
            page=found,
            totals=sums,
            tabs=self._tabs(found.state, counts),
            counted=counted,
            tab=self._tab(),
            most=escrow_figures.TOTALLED,
        )

    @page("/export.csv")
    def export(self) -> Any:
        """The tab, all of it, as a file."""
        listing, conditions = self._current_listing()
        return download(self.slug, listing, self.reading_to_export(), request.args, *conditions)

    @page("/ageing")
    def ageing(self) -> Any:
        """Charts: what is held by age, and what becomes due per day."""
        with self.reading() as session:
            ages, due = (
                escrow_figures.held_by_age(session, clock.now()),
                escrow_figures.due_per_day(session, clock.now()),
            )
        return self.render(
            "escrows/ageing.html",
            ages=charts.by_age(ages),
            ages_bounded=ages.bounded,
            due=charts.by_day(due),
            due_bounded=due.bounded,
            most=escrow_figures.CHARTED,
        )

    @page("/<int:escrow_id>")
    def one(self, escrow_id: int) -> Any:
        """An escrow: why it is where it is, its timeline, its ledger and what can be done."""
        with self.reading() as session:
            file = escrow_detail.read(session, escrow_id)
            why = escrow_explanation.reasons(session, escrow_id, clock.now())
            action_links = escrow_action_links.of_escrow(session, file)
        return self.render(
            "escrows/escrow.html",
            file=file,
            why=with_links(why, escrow_id),
            moments=in_words(file.moments),
            frozen_by=FROZEN_BY,
            action_links=action_links,
            next_run_at=escrow_detail.next_run_at(file, clock.now()),
        )

    def _tab(self) -> str:
        wanted = request.args.get("tab", "")
        return wanted if wanted in TABS else "all" if request.args.get("q") or request.args.get("party") else "held"

    def _current_listing(self) -> tuple[Listing, tuple[Any, ...]]:
        tab = self._tab()
        conditions: tuple[Any, ...] = TABS[tab][1]
        if tab != "due":
            return LISTING, conditions
        return DUE_LISTING, conditions if request.args.get("policy") else (*conditions, Escrow.policy == "deadline")

    def _tabs(self, state: ListState, counts: Mapping[str, str]) -> list[tuple[Any, str, bool, str | None]]:
        current = self._tab()
        return [
            (label, state.link(tab=name, until=None), name == current, counts.get(name))
            for name, (label, _where) in TABS.items()
        ]
