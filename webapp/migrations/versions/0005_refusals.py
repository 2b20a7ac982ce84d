"""What the database refuses by itself, and the one row that the switch of outgoing money locks."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from webapp.migrations import triggers_first_postgresql, triggers_first_sqlite
from webapp.migrations.columns import INSTANT

revision = "0005"
down_revision = "0004"

_WRITTEN_ONCE = ("transfer", "entry", "audit", "audit_seal")
_KEPT = ("account", "escrow")
"""Rows that the ledger names: they change, but are never removed."""

_SETTING = sa.table(
    "stored_setting",
    sa.column("name", sa.String()),
    sa.column("value", sa.Text()),
    sa.column("changed_at", INSTANT),
    sa.column("changed_by", sa.String()),
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    at = datetime.now(UTC).replace(tzinfo=None) if is_sqlite else datetime.now(UTC)
    op.bulk_insert(_SETTING, [{"name": "outgoing_stopped", "value": "{}", "changed_at": at, "changed_by": "migration"}])
    refusals = triggers_first_sqlite if is_sqlite else triggers_first_postgresql
    for statement in refusals.statements(_WRITTEN_ONCE, _KEPT):
        op.execute(statement)
