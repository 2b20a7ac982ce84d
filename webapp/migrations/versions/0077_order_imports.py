"""Files of orders that are sent in the browser, until they are loaded."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index

revision = "0077"
down_revision = "0076"


def upgrade() -> None:
    op.create_table(
        "order_import",
        sa.Column("id", BIG, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(200), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("by_name", sa.String(200), nullable=False),
        sa.Column("by_id", BIG, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("run_id", BIG, nullable=True),
        sa.Column("skip_bad", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("stage", sa.String(40), nullable=True),
        sa.Column("done", BIG, server_default="0", nullable=False),
        sa.Column("total", BIG, server_default="0", nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["desk_user.id"], name=op.f("fk_order_import_by_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_import")),
    )
    index("ix_order_import_sha256", "order_import", ["sha256", "id"])
    op.create_table(
        "order_import_part",
        sa.Column("import_id", BIG, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["order_import.id"], name=op.f("fk_order_import_part_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "kind", "number", name=op.f("pk_order_import_part")),
    )
