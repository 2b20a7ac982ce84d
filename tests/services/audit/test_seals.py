"""Seals cover what an actor acted as, and those from before roles were kept stay true."""

import re
from typing import Any

import pytest
from sqlalchemy import text

from tests.support.market import DIVINE, NOW
from webapp.domain.actors import Actor
from webapp.models import Audit
from webapp.runtime import Runtime
from webapp.services.audit import trail as audit_trail
from webapp.services.audit import verification as audit_verification
from webapp.services.audit.digest import digest

BEFORE = {
    "sqlite": "117655ef0b13e1c18738c8b34591fa71027aef56301a5f29fee2c7af164d4867",
    "postgresql": "59d565880055e43ee4038179efc7840664c2457c39a0b502cd534710c5e545c6",
}
"""Digests that were computed before records had roles."""


def recorded(runtime: Runtime, actor: Actor) -> None:
    with runtime.db.transaction() as session:
        audit_trail.record(session, actor, "party.create", ("party", 1), at=NOW, reason="Because.", after={"ref": "p"})


def tampered(runtime: Runtime, statement: str) -> None:
    """What somebody with the schema's rights could do to the table."""
    with runtime.db.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            named = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('audit', 'audit_seal')"
            for name in connection.scalars(text(named)).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            for table in ("audit", "audit_seal"):
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        connection.execute(text(statement))


def problems(runtime: Runtime) -> Any:
    with runtime.db.reading() as session:
        return audit_verification.verify(session, runtime.settings.audit_keys).problems


@pytest.mark.parametrize("change", ["role = 'viewer'", "role = NULL", "role = ''"])
def test_a_role_that_was_changed_or_taken_away_is_found(runtime: Runtime, change: str) -> None:
    recorded(runtime, DIVINE)
    assert problems(runtime) == []
    tampered(runtime, f"UPDATE audit SET {change}")
    assert len(problems(runtime)) == 1


def test_a_record_from_before_reads_as_it_did_then(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        common = {"at": NOW, "actor": "user:4", "actor_name": "Divine", "action": "party.create"}
        session.info["audit_batch"], session.info["audit_places"] = 77, 1
        session.add(Audit(batch=77, pos=1, subject_kind="party", subject_id=1, after='{"ref":"p"}', **common))
        session.flush()
        assert digest(session, 77) == BEFORE[session.get_bind().dialect.name]
    assert problems(runtime) == []
    tampered(runtime, "UPDATE audit SET role = 'admin'")
    assert len(problems(runtime)) == 1


def records(runtime: Runtime, transactions: int = 3) -> None:
    """So many transactions with two records each."""
    for _ in range(transactions):
        with runtime.db.transaction() as session:
            for number in (1, 2):
                audit_trail.record(session, DIVINE, "party.change", ("party", number), at=NOW)


TAMPERED = {
    "UPDATE audit SET reason = 'So.' WHERE id = 3": "seal 2 .*a record was changed",
    "UPDATE audit SET batch = 7 WHERE id = 3": "seal 2 .*covers 2 records, but 1 are there",
    "DELETE FROM audit WHERE id IN (1, 2)": "seal 1 .*covers 2 records, but 0 are there",
    "INSERT INTO audit (batch, pos, at, actor, actor_name, action, subject_kind, subject_id) "
    "SELECT 7, pos, at, actor, actor_name, action, subject_kind, subject_id FROM audit WHERE id = 1": "Batch 7 has",
    "DELETE FROM audit_seal WHERE seq = 2": "seal 2 is missing",
    "DELETE FROM audit_seal WHERE seq = 3": "its end was cut off",
    "UPDATE audit_head SET seq = 9": "its end was cut off",
    "UPDATE audit_seal SET previous = hash WHERE seq = 2": "seal 2 .*does not follow",
    "UPDATE audit_seal SET hash = digest WHERE seq = 3": "seal 3 .*was forged",
    "UPDATE audit_head SET hash = previous FROM audit_seal WHERE audit_seal.seq = 3": "its end was cut off",
}


@pytest.mark.parametrize("statement", TAMPERED)
def test_whatever_is_done_to_the_books_of_deeds_is_found(runtime: Runtime, statement: str) -> None:
    records(runtime)
    assert problems(runtime) == []
    tampered(runtime, statement)
    assert any(re.search(TAMPERED[statement], problem) for problem in problems(runtime)), problems(runtime)
