"""Redactions: texts go out of sealed records, the chain stays whole, and nobody can pass off a change as one."""

import json

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from tests.services.audit.test_seals import problems, recorded, tampered
from tests.support.market import DIVINE, NOW
from webapp.errors import Conflict
from webapp.models import Audit
from webapp.runtime import Runtime
from webapp.services.audit import redaction, trail
from webapp.services.audit.digest import digest
from webapp.services.audit.redaction import NewText

GONE = NewText("Gone.", None, '{"ref":"p"}')


def redacted(runtime: Runtime, audit_id: int = 1, new: NewText = GONE) -> int:
    with runtime.db.transaction() as session:
        keys = runtime.settings.audit_keys
        return redaction.redact(session, {audit_id: new}, keys=keys, at=NOW, actor=DIVINE, reason="Asked to.")


def reason_of(runtime: Runtime, audit_id: int = 1) -> str | None:
    with runtime.db.reading() as session:
        return session.get_one(Audit, audit_id).reason


def test_a_text_goes_and_the_chain_stays_whole_however_often(runtime: Runtime) -> None:
    recorded(runtime, DIVINE)
    for again in ("Gone.", "Gone again."):
        assert redacted(runtime, new=NewText(again, None, None)) == 1
        assert reason_of(runtime) == again
        assert problems(runtime) == []
    # What says that it was redacted may be redacted too.
    assert redacted(runtime, 2, NewText("Otherwise.", None, record_after(runtime, 2))) == 1
    assert problems(runtime) == []


def record_after(runtime: Runtime, audit_id: int) -> str | None:
    with runtime.db.reading() as session:
        return session.get_one(Audit, audit_id).after


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET reason = 'So.' WHERE id = 1",
        # What was redacted stands there again, as it was sealed at first.
        "UPDATE audit SET reason = 'Because.' WHERE id = 1",
        "UPDATE audit SET actor = 'user:9' WHERE id = 1",
        "UPDATE audit SET after = '{}' WHERE action = 'audit.redacted'",
        "DELETE FROM audit WHERE action = 'audit.redact'",
    ],
)
def test_what_is_changed_after_a_redaction_is_found(runtime: Runtime, statement: str) -> None:
    recorded(runtime, DIVINE)
    redacted(runtime)
    assert problems(runtime) == []
    tampered(runtime, statement)
    assert problems(runtime) != []


def test_records_of_a_redaction_without_a_seal_are_believed_by_nobody(runtime: Runtime) -> None:
    recorded(runtime, DIVINE)
    with runtime.db.reading() as session:
        sealed = digest(session, session.get_one(Audit, 1).batch)
    tampered(runtime, "UPDATE audit SET reason = 'So.' WHERE id = 1")
    with runtime.db.reading() as session:
        batch = session.get_one(Audit, 1).batch
        now = digest(session, batch)
    for place, (action, found) in enumerate(((redaction.BEGUN, sealed), (redaction.DONE, now)), 1):
        after = json.dumps({"digest": found})
        tampered(
            runtime,
            "INSERT INTO audit (batch, pos, at, actor, actor_name, action, subject_kind, subject_id, after) "
            f"SELECT 9, {place}, at, actor, actor_name, '{action}', 'audit_batch', {batch}, '{after}' "
            "FROM audit WHERE id = 1",
        )
    assert any("a record was changed" in problem for problem in problems(runtime))


def test_a_broken_batch_is_not_redacted(runtime: Runtime) -> None:
    recorded(runtime, DIVINE)
    tampered(runtime, "UPDATE audit SET actor = 'user:9' WHERE id = 1")
    with pytest.raises(Conflict, match="not as it was sealed"):
        redacted(runtime)
    assert reason_of(runtime) == "Because."


def test_the_database_lets_texts_change_only_while_a_redaction_is_recorded(runtime: Runtime) -> None:
    recorded(runtime, DIVINE)
    with pytest.raises(DBAPIError, match="written once"), runtime.db.engine.begin() as connection:
        connection.execute(text("UPDATE audit SET reason = 'So.' WHERE id = 1"))
    redacted(runtime)
    with pytest.raises(DBAPIError, match="written once"), runtime.db.engine.begin() as connection:
        connection.execute(text("UPDATE audit SET reason = 'So.' WHERE id = 1"))
    with pytest.raises(DBAPIError, match="written once"), runtime.db.transaction() as session:
        batch = session.scalars(select(Audit.batch).where(Audit.id == 1)).one()
        trail.record(session, DIVINE, redaction.BEGUN, (redaction.SUBJECT, batch), at=NOW)
        session.flush()
        session.execute(text("UPDATE audit SET actor = 'user:9' WHERE id = 1"))
