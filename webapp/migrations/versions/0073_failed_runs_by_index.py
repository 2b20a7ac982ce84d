"""The runs that failed and that nobody has taken off the list are found by an index."""

from webapp.migrations.online import index_online

revision = "0073"
down_revision = "0072"
_FAILED = "status IN ('failed', 'lost') AND dismissed_at IS NULL"


def upgrade() -> None:
    index_online("ix_run_failed", "run", ["id"], where=_FAILED)
