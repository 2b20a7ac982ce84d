"""The shared views of a list are found by an index."""

from webapp.migrations.online import index_online

revision = "0070"
down_revision = "0069"


def upgrade() -> None:
    index_online("ix_saved_view_shared", "saved_view", ["screen"], where="shared")
