"""Canned replies: texts for messages to parties, of everybody or of one person."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index

revision = "0071"
down_revision = "0070"


def upgrade() -> None:
    op.create_table(
        "canned_reply",
        sa.Column("id", BIG, nullable=False),
        sa.Column("owner_id", BIG, nullable=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["desk_user.id"], name=op.f("fk_canned_reply_owner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_reply")),
    )
    index("uq_canned_reply_own", "canned_reply", ["owner_id", "title"], where="owner_id IS NOT NULL", unique=True)
    index("uq_canned_reply_shared", "canned_reply", ["title"], where="owner_id IS NULL", unique=True)
    index("ix_canned_reply_title", "canned_reply", ["title", "id"])
