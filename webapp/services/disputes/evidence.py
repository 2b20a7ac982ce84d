"""Evidence: files and texts attached to a dispute, `staged` until `submitted`.

What a file is, its content says, not its name. It lies outside the web root under a name of ours.
"""

import hashlib
import re
import secrets
import unicodedata
from datetime import datetime
from functools import partial
from pathlib import Path

import filetype
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.db import on_rollback
from webapp.domain.actors import Actor
from webapp.domain.outbox.event_types import EvidenceSubmitted
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid, NotFound, Unavailable
from webapp.logs import get_logger
from webapp.models import Evidence
from webapp.private_files import private_folder
from webapp.services.audit import trail
from webapp.services.common import events, lookup, validation
from webapp.services.disputes import locks
from webapp.settings import Settings
from webapp.settings_parts.evidence_store import EvidenceStore, StoredFile

ACCEPTED = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "text/plain": ".txt",
    "image/heic": ".heic",
    "application/msword": ".doc",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-powerpoint": ".ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.presentation": ".odp",
}
"""Kinds by what their content says. Those that no browser shows are kept as downloads."""
SIDES = ("buyer", "seller", "desk")
_MEGABYTE = 1024 * 1024
_LINES_AND_PAGES = frozenset("\t\n\v\f\r")
_SPELLINGS = {".jpg": ("jpeg", "jpe")}
_EXTENSION = re.compile("[A-Za-z][A-Za-z0-9]{0,9}")


def attach_file(
    session: Session,
    dispute_id: int,
    *,
    side: str,
    name: str,
    data: bytes,
    folder: EvidenceStore,
    at: datetime,
    actor: Actor,
    settings: Settings,
) -> Evidence:
    """Stage a file. Raises Invalid for one that is empty, too large or of a kind that is not accepted, and Unavailable
    when there is no room for it.
    """
    actor.require("dispute:work")
    media_type = _checked(data, settings.evidence_max_megabytes)
    dispute = locks.locked_open(session, dispute_id)
    stored = secrets.token_hex(16) + ACCEPTED[media_type]
    _write(session, folder, stored, data)
    row = _row(dispute.id, side, _plain_name(name, ACCEPTED[media_type]), media_type, data, at, actor)
    row.stored_as = stored
    return _staged(session, row, at, actor)


def _write(session: Session, folder: EvidenceStore, stored: str, data: bytes) -> None:
    try:
        file = (private_folder(folder) if isinstance(folder, Path) else folder) / stored
        on_rollback(session, partial(file.unlink, missing_ok=True))
        file.write_bytes(data)
    except OSError as problem:
        get_logger().error("evidence.not_written", problem=str(problem))
        raise Unavailable(
            phrase(
                "The file can't be stored just now: %(strerror)s. Nothing was changed. Tell whoever runs the desk.",
                strerror=problem.strerror,
            )
        ) from problem


def attach_text(session: Session, dispute_id: int, *, side: str, body: str, at: datetime, actor: Actor) -> Evidence:
    """Stage a text."""
    actor.require("dispute:work")
    text = validation.require_text(body, "body", phrase("Write something."))
    dispute = locks.locked_open(session, dispute_id)
    row = _row(dispute.id, side, "statement", "text/plain", text.encode(), at, actor)
    row.body = text
    return _staged(session, row, at, actor)


def submit(session: Session, evidence_id: int, *, at: datetime, actor: Actor) -> Evidence:
    """Make it part of the case. Raises Conflict when it is already."""
    actor.require("dispute:work")
    row = lookup.by_id(session, Evidence, evidence_id, "evidence")
    if row.status != "staged":
        raise Conflict(phrase("This was submitted already."))
    locks.locked_open(session, row.dispute_id)
    row.status = "submitted"
    session.flush()
    details = {"evidence": row.id, "name": row.name, "sha256": row.sha256}
    trail.record(session, actor, "evidence.submit", ("dispute", row.dispute_id), at=at, after=details)
    events.add(
        session,
        EvidenceSubmitted(evidence=row.id, name=row.name, sha256=row.sha256),
        row.dispute_id,
        at=at,
    )
    return row


def listed(session: Session, dispute_id: int, *, after: int, limit: int) -> list[Evidence]:
    """Evidence of a dispute, oldest first, after the id of the last one seen."""
    query = select(Evidence).where(Evidence.dispute_id == dispute_id, Evidence.id > after)
    return list(session.scalars(query.order_by(Evidence.id).limit(limit)))


def require_of(session: Session, dispute_id: int, evidence_id: int) -> None:
    """Raise NotFound unless this evidence is this dispute's."""
    if lookup.by_id(session, Evidence, evidence_id, "evidence").dispute_id != dispute_id:
        raise NotFound(phrase("This dispute has no evidence %(evidence_id)s.", evidence_id=evidence_id))


def content(session: Session, evidence_id: int, folder: EvidenceStore) -> tuple[Evidence, StoredFile]:
    """A file and where it lies. Raises Conflict when the file is gone or is not what was attached, and Unavailable when
    that can't be known now.
    """
    row = lookup.by_id(session, Evidence, evidence_id, "evidence")
    if row.stored_as is None:
        raise Conflict(phrase("This evidence is a text, not a file."))
    file = folder / row.stored_as
    try:
        is_there = file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == row.sha256
    except OSError as problem:
        get_logger().error("evidence.not_read", problem=str(problem))
        raise Unavailable(
            phrase("The file can't be read just now: %(strerror)s. Try again.", strerror=problem.strerror)
        ) from problem
    if not is_there:
        raise Conflict(phrase("The file %(name)s is missing or was changed on disk. Ask for it again.", name=row.name))
    return row, file


def _checked(data: bytes, megabytes: int) -> str:
    if not data:
        raise Invalid(phrase("The file is empty."), fields={"file": phrase("The file is empty.")})
    if len(data) > megabytes * _MEGABYTE:
        sentence = phrase("The file is larger than %(megabytes)s MB.", megabytes=megabytes)
        raise Invalid(sentence, fields={"file": sentence})
    kind = _kind(data)
    if kind not in ACCEPTED:
        sentence = phrase(
            "Only PDF, PNG, JPEG, WebP, GIF, HEIC, office documents and plain text (UTF-8) are accepted; this is "
            "something else."
        )
        raise Invalid(sentence, fields={"file": sentence})
    return kind


def _kind(data: bytes) -> str:
    """What the content is. A text may begin as a picture does (`BM`), but no picture is all text."""
    guessed = filetype.guess_mime(data) or "unknown"
    return "text/plain" if guessed != "application/pdf" and _is_text(data) else str(guessed)


def _is_text(data: bytes) -> bool:
    """Whether it is UTF-8 and has no control characters but those that lines and pages are made of."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(sign in _LINES_AND_PAGES or unicodedata.category(sign) != "Cc" for sign in text)


def _plain_name(name: str, extension: str) -> str:
    """The name as people know the file, without folders, signs that can't be seen and what its content is not."""
    last = name.replace("\\", "/").rpartition("/")[2]
    seen = "".join(sign for sign in last if sign.isprintable()).strip(" .")
    stem, dot, given = seen.rpartition(".")
    if given.lower() in (extension[1:], *_SPELLINGS.get(extension, ())):
        return f"{stem[:140] or 'file'}.{given}"
    stem = stem if dot and _EXTENSION.fullmatch(given) else seen
    return f"{stem.removesuffix(extension)[:140].strip(' .') or 'file'}{extension}"


def _row(dispute_id: int, side: str, name: str, media_type: str, data: bytes, at: datetime, actor: Actor) -> Evidence:
    if side not in SIDES:
        raise Invalid(
            phrase("Say whose evidence it is."), fields={"side": phrase("One of %(SIDES)s.", SIDES=", ".join(SIDES))}
        )
    return Evidence(
        dispute_id=dispute_id,
        status="staged",
        side=side,
        name=name,
        media_type=media_type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        by=actor.key,
        by_name=actor.name,
        at=at,
    )


def _staged(session: Session, row: Evidence, at: datetime, actor: Actor) -> Evidence:
    session.add(row)
    session.flush()
    details = {"evidence": row.id, "name": row.name, "sha256": row.sha256, "size": row.size}
    trail.record(session, actor, "evidence.attach", ("dispute", row.dispute_id), at=at, after=details)
    return row
