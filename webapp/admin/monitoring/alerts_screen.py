"""Alerts: what the rules found, who sees to it, and what was resolved."""

from datetime import timedelta
from typing import Any

from flask import request
from flask_babel import get_translations
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import DataRequired

from webapp import clock
from webapp.admin.monitoring import alert_links
from webapp.admin.monitoring.bulk_acknowledgement import BulkAcknowledgement
from webapp.admin.ui.actions.action_links import ActionLink, action_link
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm, InstantField, ReasonForm
from webapp.admin.ui.formatting import when, with_local_times
from webapp.admin.ui.lists.columns import Column, choice, since, until
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.screen import page
from webapp.domain.alert_definitions import FACTS
from webapp.domain.state_labels import in_words
from webapp.domain.states import AlertStatus
from webapp.domain.words import phrase, spoken
from webapp.models import Alert
from webapp.security import current_actor
from webapp.services.alerts import alerts
from webapp.services.alerts.registry import rules
from webapp.services.monitoring import alert_subjects

TABS: dict[str, tuple[Any, Any]] = {
    "firing": (_l("Firing"), (Alert.status == AlertStatus.FIRING,)),
    "acknowledged": (_l("Acknowledged"), (Alert.status == AlertStatus.ACKNOWLEDGED,)),
    "resolved": (_l("Resolved"), (Alert.status == AlertStatus.RESOLVED,)),
    "all": (_l("All"), ()),
}
_EMPTY: dict[str, Any] = {
    "firing": _l(
        "Nothing is firing. Late jobs, lost runs, silent workers, overdue disputes, failed payouts and wrong books "
        "appear here until somebody acknowledges them or they are over."
    ),
    "acknowledged": _l("Nothing is being seen to. An alert that somebody acknowledges is here until it is over."),
    "resolved": _l("Nothing is over yet. An alert comes here when its cause is gone, or when somebody resolves it."),
    "all": _l("No alert has fired yet. Each stays on record here once it has."),
}
_SILENCE = timedelta(hours=8)


def _rule_choices() -> list[tuple[str, str]]:
    """Every kind of alert: those that are asked about, and those that facts raise."""
    return [(name, spoken(in_words(name), get_translations())) for name in sorted({*rules(), *FACTS})]


def _question(rule: str) -> str:
    """What a rule asks, or what its fact is."""
    found = rules().get(rule)
    if found is not None:
        return phrase(found.says)
    return phrase(FACTS[rule].what) if rule in FACTS else ""


def _action_links(alert: Alert) -> list[ActionLink]:
    """What may be said about an alert."""
    over = _("It is over.") if alert.status == AlertStatus.RESOLVED else ""
    seen = _("Somebody sees to it already.") if alert.status == AlertStatus.ACKNOWLEDGED else ""
    ends = _("It ends by itself with its cause, never by hand.") if alert.rule in rules() else ""
    is_silent = alert.silenced_until is not None and alert.silenced_until > clock.now()
    way = ("unsilence", _l("End silence…")) if is_silent else ("silence", _l("Silence…"))
    return [
        action_link("acknowledge", _l("Acknowledge…"), "eye", "alert:manage", over or seen),
        action_link("resolve", _l("Resolve…"), "check", "alert:manage", over or ends),
        action_link(*way, "bell", "alert:manage", over),
    ]


class SilenceForm(DeskForm):
    """Until when nothing is sent about it."""

    until = InstantField(_l("Until"), [DataRequired(_l("Say until when."))])


class AlertScreen(BulkAcknowledgement):
    """One row per firing."""

    slug = "alerts"
    title = _l("Alerts")
    permission = "alert:read"
    group = "operations"
    icon = "bell"
    order = 30
    intro = _l(
        "What needs a look. Acknowledged: somebody sees to it. Resolved: it is over, by itself when its cause is gone, "
        "or because somebody said so. Another fact of the same kind fires it again."
    )
    list_template = "monitoring/alerts.html"
    listing = Listing(
        key=Alert.id,
        columns=(
            Column("severity", _l("Severity"), Alert.severity, kind="badge"),
            Column("sentence", _l("What is the matter"), Alert.sentence),
            Column("rule", _l("Rule"), Alert.rule, shown=False),
            Column("subject", _l("About"), Alert.subject),
            Column("status", _l("State"), Alert.status, kind="badge"),
            Column("acknowledged_by", _l("Acknowledged by"), Alert.acknowledged_by, shown=False),
            Column("silenced_until", _l("Silenced until"), Alert.silenced_until, kind="when", shown=False),
            Column("fired_at", _l("Since"), Alert.fired_at, kind="when", sort=Alert.id),
            Column("seen_at", _l("Last seen"), Alert.seen_at, kind="when", shown=False),
            Column("resolved_at", _l("Resolved"), Alert.resolved_at, kind="when", sparse=True),
            Column("times", _l("Times fired"), Alert.times, shown=False),
            Column("acknowledged_at", _l("Acknowledged at"), Alert.acknowledged_at, kind="when", shown=False),
            Column("resolved_by", _l("Resolved by"), Alert.resolved_by, shown=False),
            Column("resolution_reason", _l("Resolved because"), Alert.resolution_reason, shown=False),
            Column("id", _l("Number"), Alert.id, shown=False),
        ),
        filters=(
            choice(
                "rule",
                _l("Rule"),
                Alert.rule,
                _rule_choices,
            ),
            choice("severity", _l("Severity"), Alert.severity, [("page", _l("urgent")), ("warn", _l("warning"))]),
            since("from", _l("Fired from"), Alert.fired_at),
            until("to", _l("Fired until"), Alert.fired_at),
        ),
        search=alert_subjects.matching,
        search_hint=_l("A job, dispute, payment, payout, provider or chargeback, or the alert's number"),
    )

    @property
    def empty(self) -> Any:
        """What would appear on this tab."""
        return _EMPTY[self._tab()]

    def conditions(self) -> tuple[Any, ...]:
        """The tab's."""
        found: tuple[Any, ...] = TABS[self._tab()][1]
        return found

    def around(self, session: Any) -> dict[str, Any]:
        """The tabs, and what the rules ask."""
        tabs = [(label, self.at(tab=name), name == self._tab(), None) for name, (label, _where) in TABS.items()]
        questions = {name: _question(name) for name in {*rules(), *FACTS}}
        return {"tabs": tabs, "questions": questions, "rules": rules(), "now": clock.now()}

    @page("/")
    def index(self) -> Any:
        """The list, each subject with its page."""
        with self.reading() as session:
            found = self.current_listing().read(session, request.args, *self.conditions())
            about = alert_links.reader(session, found.rows)
            return self.render(self.list_template, page=found, about=about, **self.around(session))

    @page("/<int:alert_id>")
    def one(self, alert_id: int) -> Any:
        """One alert, whose page every message about it leads to."""
        with self.reading() as session:
            alert = alerts.get(session, alert_id)
            about = alert_links.reader(session, [alert])(alert.rule, alert.subject)
        return self.render(
            "monitoring/alert.html",
            alert=alert,
            about=about,
            question=_question(alert.rule),
            action_links=_action_links(alert),
        )

    @action("/<int:alert_id>/acknowledge", permission="alert:manage")
    def acknowledge(self, alert_id: int, form: DeskForm) -> Done:
        """Say that somebody sees to it."""
        with self.transaction() as session:
            alerts.acknowledge(session, alert_id, actor=current_actor(), at=clock.now())
        return _("You have acknowledged the alert.")

    @acknowledge.confirmation
    def _confirm_acknowledge(self, alert_id: int) -> ActionPage:
        summary = _(
            "Everybody sees that you see to it. It stays on the tab Acknowledged until its cause is gone, and fires "
            "again when another fact of the same kind comes."
        )
        return self._action_page(alert_id, _("Acknowledge the alert"), summary, _("Acknowledge"))

    @action("/<int:alert_id>/silence", permission="alert:manage", form=SilenceForm)
    def silence(self, alert_id: int, form: SilenceForm) -> Done:
        """Send nothing about it for a while."""
        until: Any = form.until.data
        with self.transaction() as session:
            alerts.silence(session, alert_id, until, actor=current_actor(), at=clock.now())
        return _("The alert is silenced. It stays on this page.")

    @silence.confirmation
    def _confirm_silence(self, alert_id: int) -> ActionPage:
        summary = _("Nothing is sent about it until then. It stays on this page.")
        page = self._action_page(alert_id, _("Silence the alert"), summary, _("Silence"))
        page.values = {"until": clock.now() + _SILENCE}
        return page

    @action("/<int:alert_id>/unsilence", permission="alert:manage")
    def unsilence(self, alert_id: int, form: DeskForm) -> Done:
        """End its silence."""
        with self.transaction() as session:
            alerts.unsilence(session, alert_id, actor=current_actor(), at=clock.now())
        return _("The alert is not silenced any more.")

    @unsilence.confirmation
    def _confirm_unsilence(self, alert_id: int) -> ActionPage:
        summary = _("What there is to say about it is sent again, from now on.")
        return self._action_page(alert_id, _("End the silence of the alert"), summary, _("End the silence"))

    @action("/<int:alert_id>/resolve", permission="alert:manage", form=ReasonForm)
    def resolve(self, alert_id: int, form: ReasonForm) -> Done:
        """Say that what it was about is over."""
        with self.transaction() as session:
            alerts.resolve_by_hand(session, alert_id, form.text("reason"), actor=current_actor(), at=clock.now())
        return _("You have resolved the alert.")

    @resolve.confirmation
    def _confirm_resolve(self, alert_id: int) -> ActionPage:
        summary = _(
            "What it was about is over, and your reason goes on record. Should it happen again, it fires again."
        )
        return self._action_page(alert_id, _("Resolve the alert"), summary, _("Resolve"))

    def _action_page(self, alert_id: int, title: str, summary: str, verb: str) -> ActionPage:
        with self.reading() as session:
            alert = alerts.get(session, alert_id)
        facts = [
            (_("What"), with_local_times(alert.sentence)),
            (_("Since"), when(alert.fired_at)),
            (_("Rule"), alert.rule),
        ]
        return ActionPage(title, self.at(), summary, verb, facts=facts)

    def _tab(self) -> str:
        wanted = request.args.get("tab", "")
        return wanted if wanted in TABS else "firing"
