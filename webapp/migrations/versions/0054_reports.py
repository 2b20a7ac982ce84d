"""Reports with their files, who subscribes, and whom each was written to; indexes by time for what they count."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    op.create_table(
        "report",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("end_day", sa.Date(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", sa.String(40), nullable=False),
        sa.Column("made_by_name", sa.String(200), nullable=False),
        sa.Column("run_id", BIG, nullable=True),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
        sa.UniqueConstraint("kind", "first_day", "end_day", name="uq_report_kind_first_day_end_day"),
        sa.CheckConstraint("end_day > first_day", name=op.f("ck_report_period")),
    )
    index("ix_report_kind", "report", ["kind", "id"])
    _files_and_people()
    index("ix_transfer_at", "transfer", ["at"], postgresql_using="brin")
    index("ix_run_at", "run", ["at"], postgresql_using="brin")
    index("ix_alert_fired_at", "alert", ["fired_at"])
    index("ix_dispute_opened_at", "dispute", ["opened_at"])
    index("ix_dispute_resolved_at", "dispute", ["resolved_at"])
    index("ix_reconciliation_at", "reconciliation", ["at"])
    index("ix_discrepancy_first_seen_at", "discrepancy", ["first_seen_at"])
    index("ix_discrepancy_resolved_at", "discrepancy", ["resolved_at"])


def _files_and_people() -> None:
    of_report = ["report_id"], ["report.id"]
    of_person = ["user_id"], ["desk_user.id"]
    op.create_table(
        "report_file",
        sa.Column("report_id", BIG, nullable=False),
        sa.Column("format", sa.String(40), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("sha256", sa.String(200), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("report_id", "format", name="pk_report_file"),
        sa.ForeignKeyConstraint(*of_report, name="fk_report_file_report_id"),
    )
    op.create_table(
        "report_subscription",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_report_subscription"),
        sa.UniqueConstraint("user_id", "kind", name="uq_report_subscription_user_id_kind"),
        sa.ForeignKeyConstraint(*of_person, name="fk_report_subscription_user_id", ondelete="CASCADE"),
    )
    op.create_table(
        "report_recipient",
        sa.Column("report_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("report_id", "user_id", name="pk_report_recipient"),
        sa.ForeignKeyConstraint(*of_report, name="fk_report_recipient_report_id"),
        sa.ForeignKeyConstraint(*of_person, name="fk_report_recipient_user_id", ondelete="CASCADE"),
    )
