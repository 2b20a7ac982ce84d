"""Whether this host and this database belong together, so that a copy that is started beside the original pays nothing.

A database that was restored or copied has the keys of the original and what is due in it. Two things are compared: the
database server and database with those that were on record as the original's (a dump is restored elsewhere), and the
identity in the database with the one beside it (a copied disk or snapshot is opened by a host that never saw it).
Until the first process of a desk has written both down, everything fits.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from webapp import clock
from webapp.db import after_commit
from webapp.domain.actors import Actor
from webapp.domain.words import joined, phrase
from webapp.errors import Conflict, Invalid
from webapp.models import StoredSetting
from webapp.services.audit import trail
from webapp.services.common.identity_file import IdentityFile

BESIDE = "identity_file"
"""Where a session's `info` has what its host keeps."""
NAME = "instance"
"""Its row is there from the migrations on, empty until the first start. Without it nothing leaves."""
_SUBJECT = ("setting", 1)
_ROW = select(StoredSetting.value).where(StoredSetting.name == NAME)
_LOCATION = "desk_location"
_NEXT = phrase(
    "Nothing is paid and nothing is sent from here until an administrator says on the page Settings, or by "
    "`desk instance confirm`, that this one is the original, and why."
)


class NotTheOriginal(Conflict):
    """This host or this database may be a copy: nothing leaves it."""


def mismatch(session: Session) -> str:
    """What does not fit, and what to do; empty when all fits."""
    return difference(session, session.scalars(_ROW).one())


def difference(session: Session, known: Mapping[str, str]) -> str:
    """The same, for who has read the row already."""
    if not known:
        return ""
    if known["location"] != _location(session):
        what = phrase("This database is not where the desk's was: it was restored, copied or moved.")
        return phrase(
            "%(what)s If the one it was taken from is still at work, both would pay the same. %(next)s",
            what=what,
            next=_NEXT,
        )
    beside: IdentityFile | None = session.info.get(BESIDE)
    found = beside.read() if beside is not None else known["id"]
    if found == known["id"]:
        return ""
    if not found:
        what = phrase(
            "This host was never seen with this database: VAR_DIR has no identity of a desk, and INSTANCE_ID is not"
        )
        joins = phrase("If it was added to the desk, set INSTANCE_ID=%(id)s on it, or confirm it.", id=known["id"])
        return phrase(
            "%(what)s set. %(joins)s If the database is a copy, it would pay what the original pays. %(next)s",
            what=what,
            joins=joins,
            next=_NEXT,
        )
    what = phrase(
        "This host belongs to another desk: it keeps the identity %(found)s, and the database has %(id)s.",
        found=found,
        id=known["id"],
    )
    return joined(what, _NEXT)


def require(session: Session) -> None:
    """Raise NotTheOriginal while something does not fit."""
    if sentence := mismatch(session):
        raise NotTheOriginal(sentence)


def is_recorded(session: Session) -> bool:
    """Whether the first start has written down which database this is."""
    return bool(session.scalars(_ROW).one())


def record_first_start(session: Session) -> None:
    """Write down, once, that this database is the original, and the same beside it. Later calls change nothing."""
    if is_recorded(session):
        return
    row = _locked(session)
    if row.value:
        return
    beside: IdentityFile = session.info[BESIDE]
    identity = beside.read() or secrets.token_hex(8)
    # The file first: without the row nothing is compared, and whoever comes next takes what the file says.
    beside.write(identity)
    row.value = {"id": identity, "location": _location(session)}
    row.changed_at, row.changed_by = clock.now(), "first start"


def confirm(session: Session, why: str, *, at: datetime, actor: Actor) -> None:
    """From now on this database, with this host, is the original. The host keeps its identity after the commit."""
    actor.require("money:stop")
    if not why.strip():
        raise Invalid(phrase("Say why this one is the original."), fields={"why": phrase("Say why.")})
    row = _locked(session)
    sentence = mismatch(session)
    if not sentence:
        raise Conflict(phrase("This host and its database fit: there is nothing to confirm."))
    before: dict[str, Any] = row.value
    beside: IdentityFile = session.info[BESIDE]
    identity = beside.given or before["id"]
    row.value = {"id": identity, "location": _location(session)}
    row.changed_at, row.changed_by = at, actor.name
    known = {"instance": before | {"kept": beside.read()}}
    after = {"instance": row.value | {"kept": identity}}
    trail.record(session, actor, "instance.confirm", _SUBJECT, at=at, reason=why.strip(), before=known, after=after)
    after_commit(session, lambda: beside.write(identity))


def _locked(session: Session) -> StoredSetting:
    return session.get_one(StoredSetting, NAME, with_for_update=True, populate_existing=True)


def _location(session: Session) -> str:
    """Which database this is, asked once for each connection. A standby that takes over is the same one; what
    `pg_restore` or `createdb --template` makes is another, and so is a file of SQLite somewhere else.
    """
    connection = session.connection()
    if _LOCATION not in connection.info:
        is_file = connection.dialect.name == "sqlite"
        file = Path(connection.engine.url.database or "").resolve()
        connection.info[_LOCATION] = str(file) if is_file else _of_server(session)
    return str(connection.info[_LOCATION])


def _of_server(session: Session) -> str:
    number = session.scalars(text("SELECT oid FROM pg_database WHERE datname = current_database()")).one()
    if not session.scalars(text("SELECT has_function_privilege('pg_control_system()', 'EXECUTE')")).one():
        return f"postgresql:-:{number}"
    system = session.scalars(text("SELECT system_identifier FROM pg_control_system()")).one()
    return f"postgresql:{system}:{number}"
