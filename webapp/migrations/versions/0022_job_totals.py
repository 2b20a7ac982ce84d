"""Totals of each job, that outlive its runs; begun with the runs there are."""

import json
from collections import Counter
from typing import Any

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG

revision = "0022"
down_revision = "0021"
_RAN = "NOT dry_run AND started_at IS NOT NULL AND finished_at IS NOT NULL"


def upgrade() -> None:
    total = op.create_table(
        "job_total",
        sa.Column("job", sa.String(40), nullable=False),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("label", sa.String(40), nullable=False),
        sa.Column("value", BIG, nullable=False),
        sa.PrimaryKeyConstraint("job", "what", "label", name=op.f("pk_job_total")),
    )
    if found := _counted(op.get_bind()):
        names = ("job", "what", "label")
        op.bulk_insert(total, [dict(zip(names, key, strict=True)) | {"value": value} for key, value in found.items()])


def _counted(connection: Any) -> Counter[tuple[str, str, str]]:
    found: Counter[tuple[str, str, str]] = Counter()
    sums = "count(*), sum(succeeded), sum(failed), sum(skipped)"
    for job, status, runs, *items in connection.execute(
        sa.text(f"SELECT job, status, {sums} FROM run WHERE {_RAN} GROUP BY job, status")
    ):
        found[job, "runs", status] += runs
        for label, count in zip(("succeeded", "failed", "skipped"), items, strict=True):
            if count:
                found[job, "items", label] += int(count)
    for job, amounts in connection.execute(sa.text(f"SELECT job, amounts FROM run WHERE {_RAN}")):
        moved = json.loads(amounts) if isinstance(amounts, str) else amounts
        for currency, amount in (moved or {}).items():
            if amount:
                found[job, "moved", currency] += int(amount)
    return found
