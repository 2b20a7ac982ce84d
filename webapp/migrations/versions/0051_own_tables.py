"""What triggers look up on PostgreSQL they look up in the desk's own tables, whatever the session has put before them.

Whoever may connect may make temporary tables, which come before tables of the same name: with one named `audit` and a
row of their own making, the application's role could have changed what an audit record says.
"""

from alembic import op

revision = "0051"
down_revision = "0050"

_READING = ("check_entries", "check_transfers", "refuse_change_of_audit", "refuse_removal_of_paying_run")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return  # A trigger's tables are those of its own file.
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    for name in _READING:
        op.execute(f"ALTER FUNCTION {name}() SET search_path = {schema}, pg_temp")
