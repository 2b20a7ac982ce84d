"""Where the subject of an alert is: the page of the very thing, else the list that has it."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from webapp.domain.alert_definitions import AUDIT_TRAIL_BROKEN, BOOKS_DO_NOT_BALANCE, TRANSFER_REJECTED
from webapp.models import Alert
from webapp.services.monitoring import alert_subjects

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
_PAYOUTS = {
    "payout_needs_person": "under_way",
    "payout_unsettled": "under_way",
    "payouts_paused": "waiting",
    "payout_account_changed": "account_changed",
}
"""Rules about payouts of a provider, and the tab that has them."""
_SOUGHT = frozenset({"dispute_past_due", "payout_unpaid", "tenant_suspended_in_error"})
"""Rules whose subject is a reference."""
_HOMES = {
    "payment": "payments.one",
    "payout": "payouts.one",
    "payout_schedule": "payout-schedules.one",
    "dispute": "disputes.one",
    "tenant": "tenants.one",
}
_ENDPOINTS = frozenset({"endpoint_paused", "endpoint_held"})
_QUEUES = frozenset({"silent", "waiting_too_long", "clock_off", "redis_unwell", "redis_at_risk"})
_LISTS = {
    **dict.fromkeys(_QUEUES, "queues.index"),
    **dict.fromkeys(_PROVIDERS, "providers.index"),
    **dict.fromkeys(("backup_failed", "backup_too_old", "backup_unproven"), "backups.index"),
    "may_be_a_copy": "settings.index",
    "report_not_sent": "reports.index",
}
"""Rules about what one list has, whole."""
_LABELS = ("payout schedule ", "payout ")


def reader(session: Session, rows: Sequence[Alert]) -> Callable[[str, str], str | None]:
    """What says of these alerts, by rule and subject, where the subject's page is."""
    homes = alert_subjects.homes(session, [(row.rule, row.subject) for row in rows])

    def about(rule: str, subject: str) -> str | None:
        home = homes.get((rule, subject))
        if home is None:
            return address(rule, subject)
        arguments: dict[str, Any] = {f"{home.kind}_id": home.id}
        return url_for(_HOMES[home.kind], **arguments)

    return about


def address(rule: str, subject: str) -> str | None:
    """Where the alert's subject is found, when it has no page of its own here."""
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
    if rule == AUDIT_TRAIL_BROKEN.name:
        return url_for("audit.verify")
    if rule in _ENDPOINTS:
        return url_for("webhooks.one", endpoint_id=subject)
    return _list_of(rule, subject) or _address_of(subject)


def _list_of(rule: str, subject: str) -> str | None:
    """Where everything is that the rule is about."""
    if rule in _PAYOUTS:
        return url_for("payouts.index", tab=_PAYOUTS[rule], provider=subject)
    if rule in ("dead_letters", "delivery_waiting_too_long"):
        return url_for("notifications.index", tab="dead" if rule == "dead_letters" else None)
    return url_for(_LISTS[rule]) if rule in _LISTS else None


def _address_of(subject: str) -> str | None:
    """Where a payout or its schedule is found."""
    ref = next((subject.removeprefix(each) for each in _LABELS if subject.startswith(each)), None)
    return url_for("search.index", q=ref) if ref else None
