"""Restoring a backup into an empty database: read to its end first, so that a damaged one changes nothing.

The copy's outgoing money is stopped before anybody can start it: it would pay what was due at the backup, and the desk
it was saved from may have paid that since.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from webapp import migrations
from webapp.domain.actors import Actor
from webapp.domain.instants import in_utc, parse_instant
from webapp.domain.numbers import counted
from webapp.domain.words import phrase
from webapp.errors import Conflict
from webapp.jobs.steps.backups import backup_file, databases, postgresql, sqlite
from webapp.jobs.steps.backups.backup_file import DUMP, EVIDENCE
from webapp.private_files import private_folder
from webapp.runtime import database
from webapp.services.audit.trail import key_id
from webapp.services.backups import proof
from webapp.services.backups.contents import Manifest
from webapp.services.common import kill_switch
from webapp.settings import Settings
from webapp.settings_parts.evidence_store import EvidenceStore, StoredFile
from webapp.sql import database_now

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A backup that was read to its end and found whole, taken apart into a folder; nothing is restored yet."""

    file: Path
    folder: Path
    manifest: Manifest


def opened(file: Path, folder: Path, settings: Settings, *, url: str, other_key: bool) -> Unpacked:
    """Take a backup apart, and look whether it can be restored there. Nothing is written there.

    Raises Damaged, or Conflict when it does not fit: another database, one that is not empty, a newer version's, or
    another SECRET_KEY's unless that is wanted.
    """
    databases.kind_of(url)
    manifest = backup_file.unpack(file, folder, settings.backup_keys, lambda: None)
    databases.require_empty(url, manifest.database)
    if not migrations.is_known(manifest.revision):
        raise Conflict(
            phrase(
                "The backup is of revision %(revision)s, which this version of the desk does not "
                "know. Install the version that made it (%(version)s) or a newer one.",
                revision=manifest.revision,
                version=manifest.version,
            )
        )
    if manifest.key_id not in {key_id(key) for key in settings.audit_keys_in_use} and not other_key:
        raise Conflict(
            phrase(
                "The backup was made under another SECRET_KEY: what is encrypted in it could not be "
                "read, and its audit trail not be verified. Set SECRET_KEY to that one, or add it to "
                "SECRET_KEY_FALLBACKS. If it is lost, say --other-secret-key."
            )
        )
    return Unpacked(file, folder, manifest)


def restore(
    found: Unpacked, url: str, evidence: EvidenceStore, settings: Settings, *, actor: Actor, say: Say
) -> list[str]:
    """Restore it, bring it to this version, stop its outgoing money, and look at it; returns what is wrong with it.

    All of it or nothing: the files of evidence first, which nobody looks for without their rows, the database last.
    """
    moved = _put_evidence(found, evidence, say)
    try:
        if found.manifest.database == "sqlite":
            return _into_sqlite(found, sqlite.file_of(url), settings, actor, say)
        return _into_postgresql(found, url, settings, actor, say)
    except BaseException:
        for file in moved:
            file.unlink(missing_ok=True)
        raise


def _into_sqlite(found: Unpacked, file: Path, settings: Settings, actor: Actor, say: Say) -> list[str]:
    """Everything is done to a copy beside the file, which gets its name last."""
    copy = file.with_name(f".{file.name}.{os.getpid()}.part")
    sqlite.require_empty(copy)
    try:
        say("Copying the database …")
        sqlite.copy(found.folder / DUMP, copy)
        wrong = _made_ready(found, f"sqlite:///{copy.resolve()}", None, settings, actor, say)
        sqlite.flush(copy)
        sqlite.put_in_place(copy, file)
        return wrong
    finally:
        sqlite.remove(copy)


def _into_postgresql(found: Unpacked, url: str, settings: Settings, actor: Actor, say: Say) -> list[str]:
    """The switch of outgoing money is held back: a desk that finds the copy without one pays nothing. It comes with
    the stop, in one transaction: there is no instant at which this could be killed and leave a copy that pays.
    """
    say("Restoring the database …")
    dump_file, bin_dir = found.folder / DUMP, settings.pg_bin_dir
    switch = postgresql.restore_without(url, dump_file, found.folder, _go_on, bin_dir, held_back=kill_switch.TABLE)
    return _made_ready(found, url, switch, settings, actor, say)


def _made_ready(
    found: Unpacked, url: str, switch: Path | None, settings: Settings, actor: Actor, say: Say
) -> list[str]:
    copy = database(url, settings)
    try:
        with copy.transaction() as session:
            if switch is not None:
                postgresql.unhurried(session)
                postgresql.put_held_back(session, switch)
            wrong = list(proof.rows_that_differ(session, found.manifest))
            migrations.upgrade_within(session.connection())
            _stop_money(session, found.manifest.made_at, database_now(session), actor)
        say("Checking the ledger and the audit trail …")
        with copy.reading() as session:
            return wrong + list(proof.verified(session, settings.audit_keys))[: proof.MOST_NAMED]
    finally:
        copy.close()


def _stop_money(session: Session, made_at: str, at: datetime, actor: Actor) -> None:
    """Stop outgoing money. What was stopped already says so too: whoever ends that other stop must know both."""
    made = in_utc(parse_instant(made_at))
    why = f"Restored from the backup of {made}: see what was paid since before letting it pay."
    if before := kill_switch.switched_off(session):
        why += f" It was stopped already, by {before['by']}: {before['why']}"
    kill_switch.stop(session, why, at=at, actor=actor)


def _put_evidence(found: Unpacked, evidence: EvidenceStore, say: Say) -> list[StoredFile]:
    """Copy the files of evidence to their place; those that were not there before. Raises Conflict before anything is
    copied when another file has the name of one.
    """
    files = sorted((found.folder / EVIDENCE).iterdir())
    new = []
    for file in files:
        there = evidence / file.name
        if not there.is_file():
            new.append(file)
        elif backup_file.sha256_of(there, _go_on) != backup_file.sha256_of(file, _go_on):
            raise Conflict(
                phrase(
                    "%(there)s is another file than the backup's of this name. Name an empty folder by --evidence.",
                    there=there if isinstance(there, Path) else there.name,
                )
            )
    if not new:
        return []
    say(f"Putting {counted(len(new), 'file')} of evidence into {evidence} …")
    if isinstance(evidence, Path):
        private_folder(evidence)
    moved: list[StoredFile] = []
    try:
        for file in new:
            moved.append(evidence / file.name)
            _copy_new(file, evidence / file.name)
    except BaseException:
        for each in moved:
            each.unlink(missing_ok=True)
        raise
    return moved


def _copy_new(file: Path, to: StoredFile) -> None:
    if not isinstance(to, Path):
        to.write_bytes(file.read_bytes())
        return
    part = to.with_name(f".{to.name}.part")
    with file.open("rb") as source, open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as copy:
        while data := source.read(2**18):
            copy.write(data)
        copy.flush()
        os.fsync(copy.fileno())
    part.rename(to)


def _go_on() -> None:
    """Nothing stops it here."""
