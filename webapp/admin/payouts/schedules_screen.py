"""Payout schedules: payouts that are due on a date."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp import clock
from webapp.admin.payouts.schedule_actions import PayoutScheduleActions
from webapp.admin.payouts.schedules_listing import DUE_LISTING, LISTING, TABS, WAITING_TABS
from webapp.admin.ui.actions.action_links import ActionLink, action_link
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.lists.tabbed_screen import TabbedScreen
from webapp.admin.ui.remedies import with_links
from webapp.admin.ui.screen import page
from webapp.admin.ui.timeline import in_words
from webapp.security.context import runtime
from webapp.services.common import kill_switch
from webapp.services.payouts.schedules import detail as schedule_detail
from webapp.services.payouts.schedules.detail import Plan


class PayoutScheduleScreen(TabbedScreen, PayoutScheduleActions):
    """Every payout schedule, by how far it is."""

    slug = "payout-schedules"
    title = _l("Schedules of payouts")
    permission = "payout:read"
    group = "money"
    icon = "clock"
    order = 16
    list_template = "payouts/schedules.html"
    intro = _l("Payouts that are due on a date; the daily run pays them out of the parties' wallets.")
    empty = _l("No payout schedule is like this. Administrators plan payouts here or through the API.")
    listing, tabs = LISTING, TABS

    def current_listing(self) -> Listing:
        """What waits is shown by its date."""
        return DUE_LISTING if self.tab() in WAITING_TABS else LISTING

    def around(self, session: Any) -> dict[str, Any]:
        """The tabs, and the actions of the list as a whole."""
        action_links = [
            action_link(
                "process_due", _("Process all due…"), "play", "payout:retry", kill_switch.disabled_reason(session)
            ),
            action_link("add", _("Plan a payout…"), "plus", "payout:manage", tone="primary"),
        ]
        return super().around(session) | {"action_links": action_links}

    @page("/<int:payout_schedule_id>")
    def one(self, payout_schedule_id: int) -> Any:
        """A schedule: why it was not paid yet, its attempts, and what can be done."""
        now, ways = clock.now(), runtime().providers.payout_routes
        with self.reading() as session:
            plan = schedule_detail.read(session, payout_schedule_id)
        why = with_links(schedule_detail.reasons(plan, now, ways))
        action_links = _action_links(plan)
        return self.render(
            "payouts/schedule.html",
            plan=plan,
            why=why,
            next_run_at=schedule_detail.next_run_at(plan, now),
            moments=in_words(plan.moments),
            action_links=action_links,
        )


def _action_links(plan: Plan) -> list[ActionLink]:
    cancelled, changed = schedule_detail.closed(plan, "cancelled"), schedule_detail.closed(plan, "changed")
    return [
        action_link("cancel", _("Cancel…"), "cross", "payout:manage", cancelled, "danger-quiet"),
        action_link("change", _("Change…"), "clock", "payout:manage", changed),
        action_link(
            "trigger",
            _("Pay now…"),
            "play",
            "payout:retry",
            schedule_detail.pay_disabled_reason(plan, clock.now()),
            "primary",
        ),
    ]
