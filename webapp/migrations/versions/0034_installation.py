"""The desk has a name of its own, which a copy of its database shares: references of payouts are made from it."""

import json
import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import INSTANT

revision = "0034"
down_revision = "0033"

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
    name = {"name": "installation", "value": json.dumps(secrets.token_hex(8))}
    op.bulk_insert(_SETTING, [name | {"changed_at": at, "changed_by": "migration"}])
