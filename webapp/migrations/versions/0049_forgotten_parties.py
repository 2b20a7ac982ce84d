"""Parties that are forgotten, and the one change of an audit record that is let through: a redaction that is recorded.

The record of it (`audit.redact`, of the batch) comes first, in the same transaction: once its own batch is sealed,
nothing changes any more. What may change are the texts, never who did what to which thing, and when.
"""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import INSTANT, index

revision = "0049"
down_revision = "0048"

_FIXED = (
    "id",
    "batch",
    "pos",
    "at",
    "actor",
    "actor_name",
    "role",
    "action",
    "subject_kind",
    "subject_id",
    "run_id",
    "request_id",
    "origin",
)
_RECORDED = """EXISTS (
  SELECT 1 FROM audit r WHERE r.subject_kind = 'audit_batch' AND r.subject_id = OLD.batch AND r.action = 'audit.redact'
  AND r.batch <> OLD.batch AND NOT EXISTS (SELECT 1 FROM audit_seal s WHERE s.batch = r.batch))"""


def upgrade() -> None:
    op.add_column("party", sa.Column("forgotten_at", INSTANT, nullable=True))
    op.add_column("party", sa.Column("forgotten_by", sa.String(200), nullable=True))
    op.add_column("party", sa.Column("forgotten_reason", sa.Text(), nullable=True))
    index("ix_party_forgotten", "party", ["ref"], where="forgotten_at IS NOT NULL")
    if op.get_bind().dialect.name == "sqlite":
        _on_sqlite()
    else:
        _on_postgresql()


def _on_sqlite() -> None:
    same = " AND ".join(f"NEW.{column} IS OLD.{column}" for column in _FIXED)
    op.execute("DROP TRIGGER audit_update")
    op.execute(
        f"CREATE TRIGGER audit_update BEFORE UPDATE ON audit WHEN NOT ({same} AND {_RECORDED}) "
        "BEGIN SELECT RAISE(ABORT, 'audit is written once and never changed or removed'); END"
    )


def _on_postgresql() -> None:
    same = " AND ".join(f"NEW.{column} IS NOT DISTINCT FROM OLD.{column}" for column in _FIXED)
    op.execute(
        f"""CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND {same} AND {_RECORDED} THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% is written once and never changed or removed', TG_TABLE_NAME;
END
$$"""
    )
    op.execute("DROP TRIGGER audit_once ON audit")
    op.execute(
        "CREATE TRIGGER audit_once BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit()"
    )
