"""Archives: what was written to compressed files before it was removed."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    op.create_table(
        "archive_part",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("file", sa.String(200), nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("length", BIG, nullable=False),
        sa.Column("rows", BIG, nullable=False),
        sa.Column("first_id", BIG, nullable=False),
        sa.Column("last_id", BIG, nullable=False),
        sa.Column("sha256", sa.String(200), nullable=False),
        sa.Column("run_id", BIG, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_archive_part"),
        sa.UniqueConstraint("file", "position", name="uq_archive_part_file_position"),
    )
    # Whether a run is retried by another, for each that is to be removed.
    index("ix_run_parent_id", "run", ["parent_id"])
    index("ix_archive_part_kind", "archive_part", ["kind", "id"])
    index("ix_archive_part_run_id", "archive_part", ["run_id"])
    index("ix_archive_part_at", "archive_part", ["at"])
