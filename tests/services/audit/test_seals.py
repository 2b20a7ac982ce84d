"""Seals cover what an actor acted as, and those from before roles were kept stay true."""

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
            named = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
            for name in connection.scalars(text(named)).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
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
