"""Which page shows a thing that a record names by kind and number."""

from typing import Any

from flask import url_for

from webapp.admin.ui.layout import may_open

PAGES = {
    "escrow": "escrows.one",
    "dispute": "disputes.one",
    "party": "parties.one",
    "approval": "approvals.one",
    "user": "users.one",
    "endpoint": "webhooks.one",
    "delivery": "notifications.one",
    "payment": "payments.one",
    "payout": "payouts.one",
    "payout_schedule": "payout-schedules.one",
    "report": "reports.one",
    "tenant": "tenants.one",
    "subscription": "subscriptions.one",
    "backup": "backups.one",
    "import": "imports.one",
}
"""Which page shows a subject, and its argument is the thing's id."""


def address_of(kind: str, number: int) -> str | None:
    """Where a thing is shown to who is asking; None for what has no page, or one that is not for them."""
    if not number:  # What was done to nothing of its own, such as a command's work beside any run.
        return None
    if kind == "run":
        return f"/runs/{number}"
    arguments: dict[str, Any] = {f"{kind}_id": number}
    return url_for(PAGES[kind], **arguments) if kind in PAGES and may_open(PAGES[kind]) else None
