"""Links by which people become users: the first administrator, and those who are invited."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index

revision = "0075"
down_revision = "0074"


def upgrade() -> None:
    op.create_table(
        "one_time_link",
        sa.Column("id", BIG, nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("token_hash", sa.String(200), nullable=False),
        sa.Column("email", sa.String(200), nullable=True),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("made_by_id", BIG, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("user_id", BIG, nullable=True),
        sa.CheckConstraint("user_id IS NULL OR ended_at IS NOT NULL", name=op.f("ck_one_time_link_ended")),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["desk_user.id"], name=op.f("fk_one_time_link_made_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["desk_user.id"], name=op.f("fk_one_time_link_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_one_time_link_token_hash")),
    )
    index("ix_one_time_link_purpose", "one_time_link", ["purpose", "id"])
