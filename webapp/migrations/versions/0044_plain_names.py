"""Columns say what is in them: `said` had twelve meanings. No row is changed but the refunds that a person is shown."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from webapp.migrations.renames import rename_columns, rename_index, rename_table

revision = "0044"
down_revision = "0043"

_SAID = {
    "payment": "status_detail",
    "refund": "status_detail",
    "payout": "status_detail",
    "provider_dispute": "status_detail",
    "payout_pause": "reason",
    "webhook_refusal": "reason",
    "incoming_webhook": "result",
    "delivery": "last_error",
    "provider_state": "last_error",
    "provider_token": "last_error",
    "mirror": "last_error",
    "reconciliation": "error",
    "difference": "detail",
}


def upgrade() -> None:
    for table, name in _SAID.items():
        rename_columns(table, {"said": name})
    rename_columns("escrow", {"left_at": "closed_at", "left_reason": "close_reason"})
    rename_columns("transfer", {"leaves": "is_disbursement"})
    rename_index("uq_transfer_leaves_once", "uq_transfer_disbursed_once")
    rename_columns("run", {"asked": "parameters"})
    rename_table("sign_in_strike", "failed_login")
    _rows_of_refunds()


def _rows_of_refunds() -> None:
    """The provider's refunds of a payment in review, which are kept as JSON."""
    refund = sa.table("refund", sa.column("id", sa.BigInteger), sa.column("rows", sa.Text))
    shown = sa.select(refund.c.id, refund.c.rows).where(refund.c.rows.is_not(None))
    canonical: dict[str, Any] = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False}
    for number, rows in op.get_bind().execute(shown).all():
        renamed = [{("provider_status" if key == "said" else key): row[key] for key in row} for row in json.loads(rows)]
        op.execute(refund.update().where(refund.c.id == number).values(rows=json.dumps(renamed, **canonical)))
