"""Whether a restored copy is whole: the rows of every table, both chains of checks, and the files of evidence."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from webapp.domain.numbers import counted
from webapp.domain.words import phrase
from webapp.models import AuditSeal
from webapp.services.audit import verification
from webapp.services.backups import contents
from webapp.services.backups.contents import Manifest
from webapp.services.ledger import integrity_checks
from webapp.sql import is_sqlite

MOST_NAMED = 20


def problems(session: Session, manifest: Manifest, audit_keys: Sequence[bytes]) -> Iterator[str]:
    """What is wrong with the copy that this session reads, in sentences."""
    if lacking := sorted(manifest.tables.keys() - contents.table_names(session)):
        yield phrase("Tables were saved and not restored: %(tables)s.", tables=", ".join(lacking[:MOST_NAMED]))
        return
    yield from rows_that_differ(session, manifest)
    yield from verified(session, audit_keys)


def rows_that_differ(session: Session, manifest: Manifest) -> Iterator[str]:
    """Tables that have not as many rows as were saved, and audit chains that end elsewhere."""
    there = contents.row_counts(session)
    for name in sorted(there.keys() | manifest.tables.keys()):
        if there.get(name) != manifest.tables.get(name):
            saved, restored = manifest.tables.get(name), there.get(name)
            yield phrase(
                "Table %(name)s: %(saved)s saved, %(restored)s restored.",
                name=name,
                saved=_many(saved),
                restored=_many(restored),
            )
    if contents.heads(session) != manifest.heads:
        yield phrase("The audit trail of the copy does not end where it ended when it was saved.")


def verified(session: Session, audit_keys: Sequence[bytes]) -> Iterator[str]:
    """What the database itself, the ledger's checks and the audit chain's checks find wrong."""
    if is_sqlite(session):
        answers = session.execute(text("PRAGMA integrity_check")).scalars()
        yield from (phrase("SQLite: %(answer)s", answer=answer) for answer in answers if answer != "ok")
    yield from (phrase("Ledger: %(sentence)s", sentence=sentence) for sentence in integrity_checks.checks(session))
    yield from (
        phrase("Audit trail: %(sentence)s", sentence=sentence)
        for sentence in verification.verify(session, audit_keys).problems or []
    )


def cut_since(session: Session, heads: dict[str, Any]) -> list[str]:
    """Audit chains of the desk itself that do not go through where they ended at a backup: their records since then
    were cut off, or made anew.
    """
    found: list[str] = []
    for chain, head in sorted(heads.items()):
        link = session.scalar(select(AuditSeal.hash).where(AuditSeal.chain == chain, AuditSeal.seq == head["seq"]))
        if head["seq"] and link != head["hash"]:
            found.append(
                phrase(
                    "The desk's audit chain %(chain)s does not go through seal %(seq)s as this backup has it: "
                    "it was cut or made anew since.",
                    chain=chain,
                    seq=head["seq"],
                )
            )
    return found


def _many(rows: int | None) -> str:
    return "no such table" if rows is None else counted(rows, "row")
