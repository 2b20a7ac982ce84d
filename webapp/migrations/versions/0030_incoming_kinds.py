"""What the desk does nothing with is counted by kind: what was kept as a row each is counted, and removed."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT

revision = "0030"
down_revision = "0029"
_UNUSED = "status = 'ignored' AND said = 'The desk does nothing about events of this kind.'"
_COUNTED = f"""
INSERT INTO incoming_kind (provider, event, count, body, first_at, last_at)
SELECT of_kind.provider, of_kind.event, of_kind.count, newest.body, of_kind.first_at, of_kind.last_at
FROM (SELECT provider, event, sum(times) AS count, max(id) AS last_id, min(received_at) AS first_at,
             max(received_at) AS last_at
      FROM incoming_webhook WHERE {_UNUSED} GROUP BY provider, event) AS of_kind
JOIN incoming_webhook AS newest ON newest.id = of_kind.last_id
"""


def upgrade() -> None:
    op.create_table(
        "incoming_kind",
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("event", sa.String(200), nullable=False),
        sa.Column("count", BIG, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("first_at", INSTANT, nullable=False),
        sa.Column("last_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("provider", "event", name=op.f("pk_incoming_kind")),
    )
    op.execute(_COUNTED)
    op.execute(f"DELETE FROM incoming_webhook WHERE {_UNUSED}")
