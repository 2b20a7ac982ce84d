"""What people do about reports: make one of any days, subscribe to those that are sent, and end that."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import InputRequired

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DayField, DeskForm
from webapp.admin.ui.actions.run_actions import started
from webapp.admin.ui.screen import Screen
from webapp.domain.reports import periods
from webapp.domain.reports.periods import MAILED, ReportKind, ReportPeriod
from webapp.errors import Invalid, NotFound
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.reports import reports, subscriptions

_FIELDS = {"from": "first", "to": "last"}
"""What the days are called in refusals, as in the API, and in the form: `from` is a word of Python's."""
_SUBSCRIBED = {
    "weekly": _l("You subscribe to the weekly report, of each Monday."),
    "monthly": _l("You subscribe to the monthly report, of each first day of a month."),
}


class DaysForm(DeskForm):
    """The first and the last day of a report, in UTC."""

    first = DayField(_l("First day"), [InputRequired(_l("Say the first day."))])
    last = DayField(_l("Last day"), [InputRequired(_l("Say the last day."))])

    def period(self) -> ReportPeriod:
        """The days. Raises Invalid, told at the field that is wrong."""
        first, last = self.first.data, self.last.data
        try:
            return periods.chosen(first, last, clock.now())  # type: ignore[arg-type]
        except Invalid as wrong:
            at_field = {_FIELDS[name]: sentence for name, sentence in wrong.fields.items()}
            raise Invalid(wrong.detail, fields=at_field) from None


class ReportActions(Screen):
    """The actions around reports."""

    @action("/make", permission="report:make", form=DaysForm)
    def make(self, form: DaysForm) -> Done:
        """Make one of these days: at once where that is quick, else by a run whose progress is shown."""
        period = form.period()
        with self.reading() as session:
            kept, is_quick = reports.find(session, ReportKind.CUSTOM, period), reports.is_quick(session, period)
        if kept is not None:
            return _("This report was made already."), self.at("one", report_id=kept.id)
        if not is_quick:
            return started(self, lambda session: reports.ask(session, period, actor=current_actor()))
        return _("The report is made."), self.at("one", report_id=self._made(period))

    @make.confirmation
    def _confirm_make(self) -> ActionPage:
        week = periods.last_complete(ReportKind.WEEKLY, clock.now())
        summary = _(
            "A report of whole days in UTC that are over, at most %(most)s of them. It is kept and can be "
            "downloaded; it is sent to nobody.",
            most=periods.LONGEST,
        )
        page = ActionPage(_("Make a report"), self.at(), summary, _("Make the report"))
        page.values = {"first": week.first, "last": week.last}
        return page

    @action("/subscribe/<kind>", permission="report:read")
    def subscribe(self, kind: str, form: DeskForm) -> Done:
        """Be sent the reports of a kind."""
        with self.transaction() as session:
            subscriptions.subscribe(session, kind, at=clock.now(), actor=current_actor())
        return str(_SUBSCRIBED[kind])

    @subscribe.confirmation
    def _confirm_subscribe(self, kind: str) -> ActionPage:
        _known(kind)
        summary = _("Each report is sent to your address once, as PDF and CSV. You can end it here at any time.")
        return ActionPage(_("Be sent the %(kind)s report", kind=_(kind)), self.at(), summary, _("Subscribe"))

    @action("/unsubscribe/<kind>", permission="report:read")
    def unsubscribe(self, kind: str, form: DeskForm) -> Done:
        """Be sent them no more."""
        with self.transaction() as session:
            subscriptions.unsubscribe(session, kind, at=clock.now(), actor=current_actor())
        return _("You are sent no more of these reports. They stay on this page.")

    @unsubscribe.confirmation
    def _confirm_unsubscribe(self, kind: str) -> ActionPage:
        _known(kind)
        summary = _("You are sent no more of them. They stay on this page, and you can subscribe again.")
        return ActionPage(_("End the %(kind)s report", kind=_(kind)), self.at(), summary, _("Unsubscribe"))

    def _made(self, period: ReportPeriod) -> int:
        """Read and drawn outside of the transaction that keeps it."""
        actor = current_actor()
        actor.require("report:make")
        with runtime().db.reading() as session:
            made = reports.draft(session, ReportKind.CUSTOM, period, at=clock.now(), maker=actor.name)
        with self.transaction() as session:
            return reports.keep(session, made, actor=actor).id


def _known(kind: str) -> None:
    if kind not in MAILED:
        raise NotFound(_("There is no such report."))
