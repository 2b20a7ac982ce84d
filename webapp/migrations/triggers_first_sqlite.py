"""The first refusals of SQLite, frozen.

Foreign keys are its own; entries go first, so that the transfer's trigger can sum them.
"""

from collections.abc import Sequence

_BALANCE = """
CREATE TRIGGER transfer_balance AFTER INSERT ON transfer
WHEN NOT EXISTS (SELECT 1 FROM entry WHERE transfer_id = NEW.id)
  OR EXISTS (SELECT 1 FROM entry WHERE transfer_id = NEW.id GROUP BY currency HAVING sum(amount) <> 0)
BEGIN SELECT RAISE(ABORT, 'the entries of a transfer do not sum to zero'); END
"""

_LATE = """
CREATE TRIGGER entry_late BEFORE INSERT ON entry
WHEN EXISTS (SELECT 1 FROM transfer WHERE id = NEW.transfer_id)
BEGIN SELECT RAISE(ABORT, 'a transfer gets no more entries once it is made'); END
"""


def statements(written_once: Sequence[str], kept: Sequence[str]) -> list[str]:
    """Refuse changes and removals, unbalanced transfers and late entries."""
    refusals = [
        _refusal(table, verb, "is written once and never changed or removed") for table, verb in _pairs(written_once)
    ]
    refusals += [_refusal(table, "DELETE", "is named by the ledger and never removed") for table in kept]
    return [*refusals, _BALANCE, _LATE]


def _pairs(tables: Sequence[str]) -> list[tuple[str, str]]:
    return [(table, verb) for table in tables for verb in ("UPDATE", "DELETE")]


def _refusal(table: str, verb: str, why: str) -> str:
    return (
        f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} {why}'); END"
    )
