"""Tables, columns and a job by the field's terms: inbound webhook, chargeback, discrepancy, what is encrypted, why."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.renames import rename_columns, rename_index, rename_table

revision = "0045"
down_revision = "0044"

_TABLES = {
    "incoming_webhook": "inbound_webhook",
    "incoming_kind": "ignored_webhook_event",
    "difference": "discrepancy",
    "mirror": "mirror_entry",
    "provider_dispute": "chargeback",
}
_COLUMNS = {
    "schedule": {"paused_why": "pause_reason"},
    "webhook_endpoint": {"paused_why": "pause_reason", "secret_sealed": "secret_encrypted"},
    "alert": {"resolved_why": "resolution_reason"},
    "provider_token": {"sealed": "token_encrypted"},
    "payout_destination": {"account_sealed": "account_encrypted"},
    "payout": {"look_again_at": "recheck_at"},
    "payout_schedule": {"unpaid_nights": "unpaid_days", "unpaid_on": "last_unpaid_on"},
    "payment": {"seen_amount": "provider_amount", "seen_currency": "provider_currency"},
    "refund": {"tries": "times_sent", "first_tried_at": "first_sent_at", "last_tried_at": "last_sent_at"},
    "delivery": {"answer_status": "response_status"},
    "run": {"besides": "other_amounts"},
    "desk_user": {"must_change": "must_change_password"},
}
_NAMED_BY_JOB = {"schedule": "job", "run": "job", "job_total": "job", "alert": "subject"}


def upgrade() -> None:
    for old, new in _TABLES.items():
        rename_table(old, new)
    for table, names in _COLUMNS.items():
        rename_columns(table, names)
    rename_index("ix_payout_look_again", "ix_payout_recheck")
    for table, column in _NAMED_BY_JOB.items():
        _call(table, column, "tidy_queue", "purge_expired")
    _call("run_item", "subject_kind", "incoming_webhook", "inbound_webhook")


def _call(table: str, column: str, old: str, new: str) -> None:
    rows = sa.table(table, sa.column(column, sa.String))
    op.execute(rows.update().where(rows.c[column] == old).values({column: new}))
