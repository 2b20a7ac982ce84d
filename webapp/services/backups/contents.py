"""What a backup holds, as its manifest says it: read in the very snapshot that is saved."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import func, inspect, select, table
from sqlalchemy.orm import Session

from webapp.domain.words import phrase
from webapp.errors import Conflict
from webapp.models import AuditHead, Evidence
from webapp.services.audit.trail import key_id
from webapp.services.common import installation

FORMAT = 1
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class EvidenceContents:
    """The files of evidence that went along: `digest` is over their names and checksums, in their order."""

    files: int = 0
    bytes: int = 0
    digest: str = ""
    missing: list[str] = field(default_factory=list)
    """Files that rows name and that were not there."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup; the last thing in its file."""

    format: int
    version: str
    """Of the desk that made it."""
    revision: str
    """The migration at which the database was."""
    database: str
    """`sqlite` or `postgresql`."""
    installation: str
    made_at: str
    key_id: str
    """Names the SECRET_KEY under which secrets and the audit trail are, and tells nothing about it."""
    tables: dict[str, int]
    """How many rows each had."""
    heads: dict[str, dict[str, Any]]
    """Where each audit chain ended."""
    dump_sha256: str = ""
    dump_bytes: int = 0
    evidence: EvidenceContents = field(default_factory=EvidenceContents)

    @property
    def rows(self) -> int:
        """Of all tables together."""
        return sum(self.tables.values())

    def text(self) -> str:
        """As it is written into the file."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)


def parse(text: bytes) -> Manifest:
    """The manifest of a file. Raises Conflict when it is none, or a later version's."""
    try:
        values = json.loads(text)
        if values["format"] > FORMAT:
            raise Conflict(
                phrase("A newer version of the desk made this backup. Install that version, then restore it.")
            )
        return Manifest(**(values | {"evidence": EvidenceContents(**values["evidence"])}))
    except (ValueError, KeyError, TypeError):
        raise Conflict(phrase("The backup's manifest can't be read: the file is no whole backup.")) from None


def read(session: Session, *, version: str, revision: str, made_at: str, audit_key: bytes) -> Manifest:
    """What is there now: the rows of every table, and where each audit chain ends."""
    return Manifest(
        format=FORMAT,
        version=version,
        revision=revision,
        database=session.get_bind().dialect.name,
        installation=installation.number(session),
        made_at=made_at,
        key_id=key_id(audit_key),
        tables=row_counts(session),
        heads=heads(session),
    )


def row_counts(session: Session) -> dict[str, int]:
    """How many rows each table has, whichever tables there are."""
    names = sorted(table_names(session))
    return {name: session.scalar(select(func.count()).select_from(table(name))) or 0 for name in names}


def table_names(session: Session) -> set[str]:
    """The tables that are there."""
    return set(inspect(session.connection()).get_table_names())


def heads(session: Session) -> dict[str, dict[str, Any]]:
    """Where each audit chain ends."""
    found = session.execute(select(AuditHead.chain, AuditHead.seq, AuditHead.hash).order_by(AuditHead.chain))
    return {chain: {"seq": seq, "hash": link} for chain, seq, link in found}


def evidence_names(session: Session) -> Iterator[tuple[str, str]]:
    """Each file of evidence that a row names, with its checksum, in the order of their rows."""
    after = 0
    while True:
        query = select(Evidence.id, Evidence.stored_as, Evidence.sha256).where(Evidence.id > after)
        some = session.execute(query.order_by(Evidence.id).limit(_AT_ONCE)).all()
        yield from ((name, checksum) for _id, name, checksum in some if name)
        if len(some) < _AT_ONCE:
            return
        after = some[-1].id
