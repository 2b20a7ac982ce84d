"""Audit records keep what the actor acted as. Those from before have no role: nobody wrote down what it was then."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import index

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("audit", sa.Column("role", sa.String(200), nullable=True))
    index("ix_audit_role", "audit", ["role", "id"], where="role <> 'job'")
