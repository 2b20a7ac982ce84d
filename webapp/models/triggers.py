"""What the database itself refuses: unbalanced transfers, and changes to what is written once."""

WRITTEN_ONCE = ("transfer", "entry", "audit", "audit_seal")

_PG_REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is written once and never changed or removed', TG_TABLE_NAME; END $$
"""

_PG_BALANCE = """
CREATE FUNCTION check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE off bigint;
BEGIN
  SELECT transfer_id INTO off FROM posted GROUP BY transfer_id, currency HAVING sum(amount) <> 0 LIMIT 1;
  IF FOUND THEN RAISE EXCEPTION 'the entries of transfer % do not sum to zero', off; END IF;
  RETURN NULL;
END $$
"""

_PG_BALANCE_TRIGGER = """
CREATE TRIGGER entry_balance AFTER INSERT ON entry REFERENCING NEW TABLE AS posted
FOR EACH STATEMENT EXECUTE FUNCTION check_balance()
"""

_SQLITE_BALANCE = """
CREATE TRIGGER transfer_balance AFTER INSERT ON transfer
WHEN NOT EXISTS (SELECT 1 FROM entry WHERE transfer_id = NEW.id)
  OR EXISTS (SELECT 1 FROM entry WHERE transfer_id = NEW.id GROUP BY currency HAVING sum(amount) <> 0)
BEGIN SELECT RAISE(ABORT, 'the entries of a transfer do not sum to zero'); END
"""

_SQLITE_LATE = """
CREATE TRIGGER entry_late BEFORE INSERT ON entry
WHEN EXISTS (SELECT 1 FROM transfer WHERE id = NEW.transfer_id)
BEGIN SELECT RAISE(ABORT, 'a transfer gets no more entries once it is made'); END
"""


def statements(dialect: str) -> list[str]:
    """The statements that put the refusals in place."""
    return _postgresql() if dialect == "postgresql" else _sqlite()


def removal(dialect: str) -> list[str]:
    """The statements that let the schema's owner clear demo data; `statements` must follow in the same transaction."""
    if dialect == "postgresql":
        drops = [f"DROP TRIGGER {table}_{what} ON {table}" for table in WRITTEN_ONCE for what in ("once", "kept")]
        return [*drops, "DROP TRIGGER entry_balance ON entry", "DROP FUNCTION refuse_change", "DROP FUNCTION check_balance"]
    drops = [f"DROP TRIGGER {table}_{what}" for table in WRITTEN_ONCE for what in ("update", "delete")]
    return [*drops, "DROP TRIGGER transfer_balance", "DROP TRIGGER entry_late"]


def _postgresql() -> list[str]:
    made = [_PG_REFUSE, _PG_BALANCE, _PG_BALANCE_TRIGGER]
    for table in WRITTEN_ONCE:
        made.append(
            f"CREATE TRIGGER {table}_once BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        made.append(
            f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    return made


def _sqlite() -> list[str]:
    refusals = [
        f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is written once and never changed or removed'); END"
        for table in WRITTEN_ONCE
        for verb in ("UPDATE", "DELETE")
    ]
    return [*refusals, _SQLITE_BALANCE, _SQLITE_LATE]
