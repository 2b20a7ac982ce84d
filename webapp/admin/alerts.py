"""Alerts: what the rules found, who sees to it, and what was resolved."""

from datetime import timedelta
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import DataRequired

from webapp import clock
from webapp.admin.columns import Column, choice, since, until
from webapp.admin.doors import Asked, Done, door
from webapp.admin.escrow_deeds import ReasonForm
from webapp.admin.forms import DeskForm, InstantField
from webapp.admin.list_screen import ListScreen
from webapp.admin.lists import Listing
from webapp.admin.screen import page
from webapp.admin.words import told, when
from webapp.domain.alert_facts import BOOKS_DO_NOT_BALANCE, FACTS, TRANSFER_REJECTED
from webapp.domain.states import AlertStatus
from webapp.errors import NotFound
from webapp.models import Alert
from webapp.security import current_actor
from webapp.services import alert_subjects, alerts
from webapp.services.alert_rules import rules

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
    return [(name, name.replace("_", " ")) for name in sorted({*rules(), *FACTS})]


class SilenceForm(DeskForm):
    """Until when nothing is sent about it."""

    until = InstantField(_l("Until"), [DataRequired(_l("Say until when."))])


class AlertScreen(ListScreen):
    """One row per firing."""

    noun = "alerts"
    title = _l("Alerts")
    permission = "alert:read"
    group = "clock"
    icon = "bell"
    place = 30
    lead = _l(
        "What needs a look. Acknowledged: somebody sees to it. Resolved: it is over, by itself when its cause is gone, "
        "or because somebody said so. Another fact of the same kind fires it again."
    )
    list_template = "alerts/index.html"
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
            Column("seen_at", _l("Last seen"), Alert.seen_at, kind="when"),
            Column("resolved_at", _l("Resolved"), Alert.resolved_at, kind="when"),
            Column("times", _l("Times fired"), Alert.times, shown=False),
            Column("acknowledged_at", _l("Acknowledged at"), Alert.acknowledged_at, kind="when", shown=False),
            Column("resolved_by", _l("Resolved by"), Alert.resolved_by, shown=False),
            Column("resolved_why", _l("Resolved because"), Alert.resolved_why, shown=False),
            Column("id", _l("Number"), Alert.id, shown=False),
        ),
        filters=(
            choice(
                "rule",
                _l("Rule"),
                Alert.rule,
                _rule_choices,
            ),
            choice("severity", _l("Severity"), Alert.severity, [("page", _l("page")), ("warn", _l("warning"))]),
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
        asked = {name: (rule.question.__doc__ or "").strip() for name, rule in rules().items()}
        questions = {name: fact.what for name, fact in FACTS.items()} | asked
        return {"tabs": tabs, "questions": questions, "asked": asked, "now": clock.now()}

    @page("/")
    def index(self) -> Any:
        """The list, each subject with its page."""
        with self.reading() as session:
            found = self.asked().read(session, request.args, *self.conditions())
            payments = alert_subjects.payments(session, [(row.rule, row.subject) for row in found.rows])
            around = self.around(session)

            def about(rule: str, subject: str) -> str | None:
                paid = payments.get((rule, subject))
                return _address(rule, subject) if paid is None else url_for("payments.one", payment_id=paid)

            return self.show(self.list_template, page=found, about=about, **around)

    @door("/<int:alert_id>/acknowledge", permission="alert:manage", asks="_acknowledge_asked")
    def acknowledge(self, alert_id: int, form: DeskForm) -> Done:
        """Say that somebody sees to it."""
        with self.transaction() as session:
            alerts.acknowledge(session, alert_id, actor=current_actor(), at=clock.now())
        return _("You have acknowledged the alert.")

    @door("/<int:alert_id>/silence", permission="alert:manage", form=SilenceForm, asks="_silence_asked")
    def silence(self, alert_id: int, form: SilenceForm) -> Done:
        """Send nothing about it for a while."""
        until: Any = form.until.data
        with self.transaction() as session:
            alerts.silence(session, alert_id, until, actor=current_actor(), at=clock.now())
        return _("The alert is silenced. It stays on this page.")

    @door("/<int:alert_id>/unsilence", permission="alert:manage", asks="_unsilence_asked")
    def unsilence(self, alert_id: int, form: DeskForm) -> Done:
        """End its silence."""
        with self.transaction() as session:
            alerts.unsilence(session, alert_id, actor=current_actor(), at=clock.now())
        return _("The alert is not silenced any more.")

    @door("/<int:alert_id>/resolve", permission="alert:manage", form=ReasonForm, asks="_resolve_asked")
    def resolve(self, alert_id: int, form: ReasonForm) -> Done:
        """Say that what it was about is over."""
        with self.transaction() as session:
            alerts.resolve_by_hand(session, alert_id, form.said("reason"), actor=current_actor(), at=clock.now())
        return _("You have resolved the alert.")

    def _resolve_asked(self, alert_id: int) -> Asked:
        summary = _(
            "What it was about is over, and your reason goes on record. Should it happen again, it fires again."
        )
        return self._asked(alert_id, _("Resolve the alert"), summary, _("Resolve"))

    def _acknowledge_asked(self, alert_id: int) -> Asked:
        summary = _(
            "Everybody sees that you see to it. It stays on the tab Acknowledged until its cause is gone, and fires "
            "again when another fact of the same kind comes."
        )
        return self._asked(alert_id, _("Acknowledge the alert"), summary, _("Acknowledge"))

    def _silence_asked(self, alert_id: int) -> Asked:
        summary = _("Nothing is sent about it until then. It stays on this page.")
        asked = self._asked(alert_id, _("Silence the alert"), summary, _("Silence"))
        asked.values = {"until": clock.now() + _SILENCE}
        return asked

    def _unsilence_asked(self, alert_id: int) -> Asked:
        summary = _("What there is to say about it is sent again, from now on.")
        return self._asked(alert_id, _("End the silence of the alert"), summary, _("End the silence"))

    def _asked(self, alert_id: int, title: str, summary: str, verb: str) -> Asked:
        with self.reading() as session:
            alert = session.get(Alert, alert_id)
        if alert is None:
            raise NotFound(_("There is no such alert."))
        facts = [(_("What"), told(alert.sentence)), (_("Since"), when(alert.fired_at)), (_("Rule"), alert.rule)]
        return Asked(title, self.at(), summary, verb, facts=facts)

    def _tab(self) -> str:
        wanted = request.args.get("tab", "")
        return wanted if wanted in TABS else "firing"


_JOBS = frozenset({"no_execution", "next_slot_off", "running_long", "run_failed", "items_failed", "long_run"})
_BOOKS = frozenset({"books_differ", "books_not_compared"})
_PROVIDERS = frozenset(
    {
        "provider_unwell",
        "token_not_refreshed",
        "mirror_given_up",
        "test_key_in_production",
        "test_answers_in_production",
    }
)
_PAYOUTS = frozenset({"payout_needs_person", "payout_unsettled", "payouts_paused", "payout_account_changed"})
_SOUGHT = frozenset({"dispute_past_due", "payout_unpaid"})
_ENDPOINTS = frozenset({"endpoint_paused", "endpoint_held"})
_QUEUES = frozenset({"silent", "waiting_too_long", "clock_off", "redis_unwell"})
_NOUNS = ("payout schedule ", "payout ")


def _address(rule: str, subject: str) -> str | None:
    """Where the alert's subject is found, when that is not a payment's page."""
    if rule in _JOBS:
        return url_for("jobs.one", job=subject)
    if rule in _SOUGHT:
        return url_for("search.index", q=subject)
    if rule in _BOOKS:
        return url_for("reconciliation.index", source=subject)
    if rule == TRANSFER_REJECTED.name:
        return url_for("reconciliation.index", q=subject)
    if rule == BOOKS_DO_NOT_BALANCE.name:
        return url_for("jobs.one", job="verify_books")
    if rule in _ENDPOINTS:
        return url_for("webhooks.one", endpoint_id=subject)
    return _list_of(rule) or _address_of(subject)


def _list_of(rule: str) -> str | None:
    """Where everything is that the rule is about."""
    if rule in _PROVIDERS:
        return url_for("providers.index")
    if rule in _PAYOUTS:
        return url_for("payouts.index")
    if rule in ("dead_letters", "delivery_waiting_too_long"):
        return url_for("notifications.index", tab="dead" if rule == "dead_letters" else None)
    return url_for("queues.index") if rule in _QUEUES else None


def _address_of(subject: str) -> str | None:
    """Where a payout or its schedule is found."""
    ref = next((subject.removeprefix(each) for each in _NOUNS if subject.startswith(each)), None)
    return url_for("search.index", q=ref) if ref else None
