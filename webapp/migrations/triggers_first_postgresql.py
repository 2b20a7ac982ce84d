"""The first refusals of PostgreSQL, frozen. What a posting names is checked in sets, once per statement.

A foreign key looks up every single row and takes a share lock on the pool account for each; accounts, escrows and
runs with transfers can't be removed, so that a check when the rows are written is as good.
"""

from collections.abc import Sequence

_FUNCTIONS = {
    "refuse_change": """
BEGIN RAISE EXCEPTION '% is written once and never changed or removed', TG_TABLE_NAME; END
""",
    "refuse_removal": """
BEGIN RAISE EXCEPTION '% is named by the ledger and never removed', TG_TABLE_NAME; END
""",
    "refuse_removal_of_paying_run": """
BEGIN
  IF EXISTS (SELECT 1 FROM transfer WHERE run_id = OLD.id) THEN
    RAISE EXCEPTION 'run % moved money and is kept as long as its transfers', OLD.id;
  END IF;
  RETURN OLD;
END
""",
    "check_entries": """
DECLARE off bigint;
BEGIN
  SELECT transfer_id INTO off FROM posted GROUP BY transfer_id, currency HAVING sum(amount) <> 0 LIMIT 1;
  IF FOUND THEN RAISE EXCEPTION 'the entries of transfer % do not sum to zero', off; END IF;
  SELECT transfer_id INTO off FROM posted p
    WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.id = p.account_id AND a.currency = p.currency) LIMIT 1;
  IF FOUND THEN RAISE EXCEPTION 'transfer % names an account that is not there in that currency', off; END IF;
  SELECT transfer_id INTO off FROM posted p
    WHERE NOT EXISTS (SELECT 1 FROM transfer t WHERE t.id = p.transfer_id AND t.currency = p.currency) LIMIT 1;
  IF FOUND THEN RAISE EXCEPTION 'entries name transfer %, which is not there in that currency', off; END IF;
  RETURN NULL;
END
""",
    "check_transfers": """
DECLARE off bigint;
BEGIN
  SELECT id INTO off FROM made m WHERE (
       (m.escrow_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM escrow e WHERE e.id = m.escrow_id))
    OR (m.run_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM run r WHERE r.id = m.run_id))
    OR (m.reverses_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM transfer t WHERE t.id = m.reverses_id))) LIMIT 1;
  IF FOUND THEN RAISE EXCEPTION 'transfer % names an escrow, a run or a transfer that is not there', off; END IF;
  RETURN NULL;
END
""",
}

_TRIGGERS = {
    "entry_posted": """AFTER INSERT ON entry REFERENCING NEW TABLE AS posted
FOR EACH STATEMENT EXECUTE FUNCTION check_entries()""",
    "transfer_made": """AFTER INSERT ON transfer REFERENCING NEW TABLE AS made
FOR EACH STATEMENT EXECUTE FUNCTION check_transfers()""",
    "run_paid": "BEFORE DELETE ON run FOR EACH ROW EXECUTE FUNCTION refuse_removal_of_paying_run()",
}


def statements(written_once: Sequence[str], kept: Sequence[str]) -> list[str]:
    """Refuse changes and removals, unbalanced transfers, and entries and transfers that name what is not there."""
    functions = [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$" for name, body in _FUNCTIONS.items()
    ]
    triggers = _TRIGGERS | _refusals(written_once, kept)
    return functions + [f"CREATE TRIGGER {name} {what}" for name, what in triggers.items()]


def _refusals(written_once: Sequence[str], kept: Sequence[str]) -> dict[str, str]:
    made = {}
    for table in written_once:
        row = f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        made[f"{table}_once"] = row
    for table in kept:
        made[f"{table}_kept"] = f"BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_removal()"
    for table in (*written_once, *kept):
        whole = f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal()"
        made[f"{table}_whole"] = whole
    return made
