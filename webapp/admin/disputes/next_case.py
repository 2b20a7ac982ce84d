"""From one case to the next: what is handed out of the queue, and what stands beside a case in its list."""

from typing import Any

from flask import flash, redirect, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp import clock
from webapp.admin.disputes.listing import listing_of, tab_of
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.lists.listing_state import FROM_LIST
from webapp.admin.ui.lists.neighbours import Neighbours, list_args, neighbours
from webapp.admin.ui.screen import Screen, page
from webapp.security import current_actor
from webapp.security.context import current_person
from webapp.services.disputes import assignment, queues


class NextCaseActions(Screen):
    """How one goes on."""

    @action("/take-next", permission="money:propose")
    def take_next(self, form: DeskForm) -> Done:
        """Hand the most urgent case that nobody has to who asks."""
        with self.transaction() as session:
            return _handed_out(self, session)

    @take_next.confirmation
    def _confirm_take_next(self) -> ActionPage:
        summary = _("The most urgent case that waits for a decision and that nobody has becomes yours.")
        return ActionPage(_("Take the next case"), self.at(tab="mine"), summary, _("Take next"))

    @page("/<int:dispute_id>/next", permission="money:propose")
    def next_case(self, dispute_id: int) -> Any:
        """The most urgent case of one's own after this one; without one, the page that hands out the next."""
        with self.reading() as session:
            mine = assignment.next_of(session, current_person()[0].id, but=dispute_id)
        return redirect(self.at("take_next") if mine is None else self.at("one", dispute_id=mine), 303)

    def beside(self, session: Session, dispute_id: int) -> Neighbours | None:
        """The cases before and after this one, when it was opened from a list."""
        came_from = request.args.get(FROM_LIST)
        if not came_from:
            return None
        args, user = list_args(came_from), current_person()[0].id
        tab = tab_of(args)
        conditions = queues.conditions(tab, user, clock.now())
        return neighbours(session, listing_of(tab), args, dispute_id, *conditions)


def gone_on(screen: Screen, session: Session, dispute_id: int, sentence: str) -> Done:
    """What was done, and where to go on: to the next of one's own, or to one that is handed out for it."""
    mine = assignment.next_of(session, current_person()[0].id, but=dispute_id)
    if mine is not None:
        return sentence, screen.at("one", dispute_id=mine)
    flash(sentence, "success")
    return _handed_out(screen, session)


def _handed_out(screen: Screen, session: Session) -> Done:
    taken = assignment.take_next(session, current_person()[0].id, at=clock.now(), actor=current_actor())
    if taken is None:
        flash(_("No case waits: each that can be decided now has somebody."), "info")
        return redirect(screen.at(tab="mine"), 303)
    return _("%(ref)s is yours.", ref=taken.ref), screen.at("one", dispute_id=taken.id)
