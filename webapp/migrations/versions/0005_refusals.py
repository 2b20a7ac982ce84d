"""What the database refuses by itself, and the one row that the switch of outgoing money locks."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import INSTANT
from webapp.models.triggers import statements

revision = "0005"
down_revision = "0004"

_SETTING = sa.table(
    "stored_setting",
    sa.column("name", sa.String()),
    sa.column("value", sa.Text()),
    sa.column("changed_at", INSTANT),
    sa.column("changed_by", sa.String()),
)


def upgrade() -> None:
    at = datetime.now(UTC)
    if op.get_bind().dialect.name == "sqlite":
        at = at.replace(tzinfo=None)
    op.bulk_insert(_SETTING, [{"name": "outgoing_stopped", "value": "{}", "changed_at": at, "changed_by": "migration"}])
    for statement in statements(op.get_bind().dialect.name):
        op.execute(statement)
