"""What the database itself refuses: unbalanced transfers, changes to what is written once, and losing what it names."""

from webapp.models import triggers_postgresql, triggers_sqlite

WRITTEN_ONCE = ("transfer", "entry", "audit", "audit_seal")
KEPT = ("account", "escrow")
"""Rows that the ledger names: they change, but are never removed."""


def statements(dialect: str) -> list[str]:
    """The statements that put the refusals in place."""
    made = triggers_postgresql.statements if dialect == "postgresql" else triggers_sqlite.statements
    return made(WRITTEN_ONCE, KEPT)


def removal(dialect: str) -> list[str]:
    """The statements that let the schema's owner clear demo data; `statements` must follow in the same transaction."""
    made = triggers_postgresql.removal if dialect == "postgresql" else triggers_sqlite.removal
    return made(WRITTEN_ONCE, KEPT)
