"""The first tables."""

from alembic import op

from webapp.models import Base
from webapp.models.triggers import statements

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table, and what the database refuses by itself."""
    connection = op.get_bind()
    Base.metadata.create_all(connection)
    for statement in statements(connection.dialect.name):
        op.execute(statement)
