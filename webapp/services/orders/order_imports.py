"""Files of orders that are sent in the browser: kept, checked by a run, and loaded by another once somebody confirms.

Nothing of a file is an order before that. The runs are those that do what is asked for many things.
"""

import hashlib
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.states import UNFINISHED_RUNS, Trigger
from webapp.domain.words import phrase
from webapp.errors import Invalid, NotAllowed, Overtaken
from webapp.models import OrderImport, OrderImportPart, Run, User
from webapp.services.audit import trail
from webapp.services.common import lookup
from webapp.services.scheduling import runs
from webapp.services.users import users
from webapp.sql import database_now

PERMISSION = "order:write"
JOB, ACTION = "purge_expired", "import_orders"
"""The run that checks and loads: the one that does what is asked for many things."""
MOST_BYTES = 25 * 1024 * 1024
MOST_SHOWN, MOST_REJECTS = 100, 10_000
"""Bad lines that the page names, and that the file to download has."""
KEPT_FOR = timedelta(days=30)
UNDER_WAY = ("checking", "loading")
FILE, REJECTS = "file", "rejects"
_PIECE = 256 * 1024


def receive(session: Session, name: str, sent: BinaryIO, *, at: datetime, actor: Actor) -> tuple[OrderImport, bool]:
    """Keep a file, and have it checked; the second is whether this very file is there already, and stays as it is.

    Raises Invalid, which names `file`, when it is empty or too large. The file is never in memory as a whole.
    """
    actor.require(PERMISSION)
    if actor.kind != "user" or actor.id is None:
        raise NotAllowed(phrase("This is for people: a token has no account."))
    digest, size = _measured(sent)
    known = _of_content(session, digest)
    if known is not None:
        return known, True
    made = OrderImport(
        name=name[:200],
        sha256=digest,
        size=size,
        status="checking",
        by_name=actor.name,
        by_id=actor.id,
        created_at=at,
        figures={},
        problems=[],
    )
    session.add(made)
    session.flush()
    keep(session, made.id, FILE, sent)
    _start(session, made, at, actor)
    trail.record(session, actor, "import.check", ("import", made.id), at=at, after=_described(made))
    return made, False


def confirm(session: Session, import_id: int, *, skip_bad: bool, at: datetime, actor: Actor) -> OrderImport:
    """Load what was checked; with `skip_bad` all but the bad lines. Overtaken when it is not waiting for that."""
    actor.require(PERMISSION)
    found = _locked(session, import_id)
    if found.status != "checked":
        raise Overtaken(phrase("This file does not wait to be imported any more."))
    if found.figures.get("rejected") and not skip_bad:
        raise Invalid(phrase("Some lines can't be used. Leave them out, or mend the file and send it again."))
    found.status, found.skip_bad, found.done, found.total, found.stage = "loading", skip_bad, 0, 0, None
    _start(session, found, at, actor)
    trail.record(session, actor, "import.load", ("import", found.id), at=at, after=_described(found))
    return found


def check_again(session: Session, import_id: int, *, at: datetime, actor: Actor) -> OrderImport:
    """Check a file whose run was stopped, once more. Overtaken when there is nothing to check."""
    actor.require(PERMISSION)
    found = _locked(session, import_id)
    if found.status != "stopped" and not is_lost(session, found):
        raise Overtaken(phrase("This file does not wait to be checked any more."))
    found.status, found.problem, found.done, found.total, found.stage = "checking", None, 0, 0, None
    _start(session, found, at, actor)
    trail.record(session, actor, "import.check", ("import", found.id), at=at, after=_described(found))
    return found


def discard(session: Session, import_id: int, *, at: datetime, actor: Actor) -> OrderImport:
    """Forget the file. Overtaken while a run is at it, and once it is loaded."""
    actor.require(PERMISSION)
    found = _locked(session, import_id)
    if found.status in (*UNDER_WAY, "loaded", "discarded"):
        raise Overtaken(phrase("This file can't be discarded now."))
    found.status = "discarded"
    forget(session, found.id)
    trail.record(session, actor, "import.discard", ("import", found.id), at=at, after=_described(found))
    return found


def get(session: Session, import_id: int) -> OrderImport:
    """One of them. Raises NotFound."""
    return lookup.by_id(session, OrderImport, import_id, "import")


def is_lost(session: Session, found: OrderImport) -> bool:
    """Whether the run that was at it has ended without saying what came of it."""
    if found.status not in UNDER_WAY:
        return False
    run = session.get(Run, found.run_id) if found.run_id else None
    return run is None or run.status not in UNFINISHED_RUNS


def keep(session: Session, import_id: int, kind: str, source: BinaryIO) -> None:
    """Keep a file in compressed pieces, read from its beginning."""
    source.seek(0)
    for number, piece in enumerate(iter(lambda: source.read(_PIECE), b"")):
        part = OrderImportPart(import_id=import_id, kind=kind, number=number, content=zlib.compress(piece))
        session.add(part)
        session.flush()
        session.expunge(part)


def pieces(session: Session, import_id: int, kind: str) -> Iterator[bytes]:
    """What was kept, piece after piece; nothing when it is gone."""
    mine = OrderImportPart.import_id == import_id, OrderImportPart.kind == kind
    query = select(OrderImportPart.content).where(*mine).order_by(OrderImportPart.number)
    for content in session.scalars(query.execution_options(yield_per=4)):
        yield zlib.decompress(content)


def forget(session: Session, import_id: int, kind: str | None = None) -> None:
    """Remove what was kept of a file."""
    which = delete(OrderImportPart).where(OrderImportPart.import_id == import_id)
    session.execute(which if kind is None else which.where(OrderImportPart.kind == kind))


def purge(session: Session, at: datetime) -> None:
    """Nothing of a file is kept for longer than a month: one that nobody confirmed by then is discarded."""
    old = OrderImport.created_at < at - KEPT_FOR
    waiting = OrderImport.status.in_(("checked", "unusable", "stopped"))
    session.execute(update(OrderImport).where(old, waiting).values(status="discarded"))
    ended = select(OrderImport.id).where(old, OrderImport.status.in_(("loaded", "discarded")))
    session.execute(delete(OrderImportPart).where(OrderImportPart.import_id.in_(ended)))


def requester(session: Session, found: OrderImport, run_id: int) -> Actor:
    """Who sent the file, with the rights that this person has now: none for one who is disabled."""
    user = lookup.by_id(session, User, found.by_id, "user")
    return users.actor_of(user, request_id=f"run-{run_id}")


def _measured(sent: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    sent.seek(0)
    while piece := sent.read(_PIECE):
        digest.update(piece)
        size += len(piece)
        if size > MOST_BYTES:
            sentence = phrase("The file has more than %(most)s MB. Send it in parts.", most=MOST_BYTES // 1024**2)
            raise Invalid(sentence, fields={"file": sentence})
    if not size:
        sentence = phrase("The file is empty.")
        raise Invalid(sentence, fields={"file": sentence})
    return digest.hexdigest(), size


def _of_content(session: Session, digest: str) -> OrderImport | None:
    """The import of a file with this very content, unless nothing came of it."""
    alive = OrderImport.status.not_in(("discarded", "unusable", "stopped"))
    same = select(OrderImport).where(OrderImport.sha256 == digest, alive).order_by(OrderImport.id.desc()).limit(1)
    return session.scalars(same).one_or_none()


def _start(session: Session, found: OrderImport, at: datetime, actor: Actor) -> None:
    asked: dict[str, Any] = {"action": ACTION, "import": found.id}
    run = runs.queue_run(session, JOB, actor, Trigger.MANUAL, at, database_now(session), parameters=asked)
    found.run_id = run.id
    session.flush()


def _locked(session: Session, import_id: int) -> OrderImport:
    get(session, import_id)
    return session.get_one(OrderImport, import_id, with_for_update=True, populate_existing=True)


def _described(found: OrderImport) -> dict[str, Any]:
    return {"file": found.name, "sha256": found.sha256, "size": found.size} | dict(found.figures)
