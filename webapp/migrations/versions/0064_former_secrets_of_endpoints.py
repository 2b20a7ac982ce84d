"""The former secret of a webhook endpoint, which signs too while its receiver changes to the new one."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import INSTANT

revision = "0064"
down_revision = "0063"


def upgrade() -> None:
    op.add_column("webhook_endpoint", sa.Column("former_secret_encrypted", sa.Text(), nullable=True))
    op.add_column("webhook_endpoint", sa.Column("former_secret_until", INSTANT, nullable=True))
