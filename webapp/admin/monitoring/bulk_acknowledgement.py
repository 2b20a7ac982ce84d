"""Many alerts acknowledged at once: those that are marked in the list, or all that it found."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.formatting import number
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.admin.ui.lists.marked_rows import list_query, marked_rows
from webapp.models import Alert
from webapp.security import current_actor
from webapp.services.alerts import alerts


class BulkAcknowledgement(ListScreen):
    """The action of the list."""

    @action("/acknowledge", permission="alert:manage")
    def acknowledge_many(self, form: DeskForm) -> Done:
        """Say of each that somebody sees to it."""
        ids = self._marked()[0]
        with self.transaction() as session:
            count = alerts.acknowledge_all(session, ids, actor=current_actor(), at=clock.now())
        return ngettext("You have acknowledged %(num)s alert.", "You have acknowledged %(num)s alerts.", count)

    @acknowledge_many.confirmation
    def _confirm_acknowledge_many(self) -> ActionPage:
        ids, more = self._marked()
        summary = _(
            "Everybody sees that you see to them. Those that do not fire any more when you say so stay as they are."
        )
        if more:
            most = number(alerts.MOST_AT_ONCE)
            summary += " " + _("More were found: these are the first %(most)s in the list's order.", most=most)
        missing = [] if ids else [_("No firing alert is marked. Mark some in the list, or all that were found.")]
        verb = ngettext("Acknowledge %(num)s alert", "Acknowledge %(num)s alerts", len(ids))
        return ActionPage(_("Acknowledge many alerts"), self.at() + list_query(), summary, verb, comes_first=missing)

    def _marked(self) -> tuple[list[int], bool]:
        firing: tuple[Any, ...] = (*self.conditions(), Alert.status == "firing")
        with self.reading() as session:
            return marked_rows(session, self.current_listing(), alerts.MOST_AT_ONCE, *firing)
