"""Which database this is, and where: written down by the first process that starts on it, and compared by all."""

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import INSTANT

revision = "0060"
down_revision = "0059"

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
    row = {"name": "instance", "value": json.dumps({}), "changed_at": at, "changed_by": "migration"}
    op.bulk_insert(_SETTING, [row])
