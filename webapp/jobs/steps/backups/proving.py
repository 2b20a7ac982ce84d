"""Proving a backup: it is read to its end, restored into a scratch database, and looked at as the desk itself is."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from webapp.db import Database
from webapp.domain.numbers import counted
from webapp.domain.states import BackupProof
from webapp.errors import Refusal, Unavailable
from webapp.jobs.engine.work import Work
from webapp.jobs.steps.backups import backup_file, databases, making
from webapp.jobs.steps.backups.backup_file import DUMP, EVIDENCE
from webapp.services.backups import contents, proof, records
from webapp.services.backups.contents import Manifest
from webapp.services.common import installation


@dataclass(frozen=True, slots=True)
class Proved:
    """How a proof ended, and why it is no proof."""

    proof: BackupProof
    problems: Sequence[str] = field(default=())

    @property
    def reason(self) -> str | None:
        """In one text."""
        return " ".join(self.problems) or None


def prove(work: Work, backup_id: int, folder: Path) -> Proved:
    """Restore a backup into a scratch database, look at everything there, and put on record how that ended."""
    with work.db.reading() as session:
        backup, mark = records.get(session, backup_id), installation.number(session)
        file = records.require_file(backup)
    if backup.host != making.host() and not file.exists():
        found = Proved(BackupProof.IMPOSSIBLE, [f"Its file lies on {backup.host}, and not where this run was."])
    else:
        found = _proved(work, file, mark, folder)
    with work.db.reading() as session:
        cut = proof.cut_since(session, backup.heads)
    for problem in cut:
        work.log("audit.cut", "error", sentence=problem)
    if cut and found.proof == BackupProof.PROVEN:
        found = Proved(BackupProof.FAILED, cut)
    with work.db.transaction() as session:
        work.recorder.fence(session)
        records.note_proof(
            session, backup_id, found.proof, found.reason, at=work.now, actor=work.actor, run_id=work.run_id
        )
    level = "info" if found.proof == BackupProof.PROVEN else "error"
    work.log("backup.proved", level, backup=backup_id, proof=str(found.proof), reason=found.reason)
    return found


def verify_copy(url: str, manifest: Manifest, audit_keys: Sequence[bytes], evidence: Path) -> list[str]:
    """What is wrong with a restored copy and with the files of evidence that came with it."""
    copy = Database(url, pool_size=1)
    try:
        with copy.reading() as session:
            found = list(islice(proof.problems(session, manifest, audit_keys), proof.MOST_NAMED))
            return found or list(_wrong_evidence(contents.evidence_names(session), evidence))
    finally:
        copy.close()


def _proved(work: Work, file: Path, mark: str, folder: Path) -> Proved:
    settings, check = work.settings, work.control.check
    try:
        manifest = backup_file.unpack(file, folder, settings.backup_keys, check)
        with databases.scratch(settings, folder / DUMP, mark, work.run_id, check) as url:
            check()
            found = verify_copy(url, manifest, settings.audit_keys, folder / EVIDENCE)
    except (databases.NoScratchPlace, Unavailable) as problem:
        return Proved(BackupProof.IMPOSSIBLE, [f"It could not be restored here: {str(problem).rstrip('.')}."])
    except Refusal as problem:
        return Proved(BackupProof.FAILED, [problem.detail])
    except OSError as problem:
        return Proved(BackupProof.IMPOSSIBLE, [f"It could not be restored here: {problem.strerror or problem}."])
    return Proved(BackupProof.FAILED if found else BackupProof.PROVEN, found)


def _wrong_evidence(named: Iterable[tuple[str, str]], folder: Path) -> Iterator[str]:
    """Files that are not as their rows say, also those that were missing already when it was saved."""
    wrong = [
        name
        for name, checksum in named
        if not (folder / name).is_file() or backup_file.sha256_of(folder / name, _go_on) != checksum
    ]
    if wrong:
        yield f"Evidence is missing or not as it was submitted: {counted(len(wrong), 'file')}, such as {wrong[0]}."


def _go_on() -> None:
    """Nothing stops it here."""
