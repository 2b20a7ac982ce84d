"""When a refund was first and last tried, how that was answered, and which rows a person has to choose from.

What was tried before counts as tried when it was written, so that it is looked for and not sent again.
"""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT

revision = "0026"
down_revision = "0025"

_ASKED = sa.text("next_try_at IS NOT NULL")


def upgrade() -> None:
    op.add_column(
        "refund",
        sa.Column("tries", BIG, nullable=False, server_default="0"),
    )
    op.add_column("refund", sa.Column("first_tried_at", INSTANT, nullable=True))
    op.add_column("refund", sa.Column("last_tried_at", INSTANT, nullable=True))
    op.add_column("refund", sa.Column("answered", sa.String(40), nullable=True))
    op.add_column("refund", sa.Column("rows", sa.Text(), nullable=True))
    op.add_column("refund", sa.Column("not_ours", sa.Text(), nullable=True))
    op.execute(
        sa.text(
            "UPDATE refund SET tries = 1, first_tried_at = created_at, last_tried_at = created_at WHERE attempts > 0"
        )
    )
    op.drop_index("ix_refund_open", table_name="refund")
    op.create_index("ix_refund_open", "refund", ["next_try_at", "id"], postgresql_where=_ASKED, sqlite_where=_ASKED)
