"""What was written in a form before its sender had to sign in again, until it is shown."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.add_column("user_session", sa.Column("kept_form", sa.Text(), nullable=True))
