"""Walking the audit chain: every seal follows from the one before it and from the records it covers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from webapp.domain import numbers
from webapp.models import Audit, AuditHead, AuditSeal
from webapp.services.audit.digest import digest
from webapp.services.audit.redaction import is_as_sealed, redacted_batches
from webapp.services.audit.trail import GENESIS, key_id, link_hash

_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class _Known:
    """What every seal is held against: keys by their names, and the batches that were redacted since."""

    keys: dict[str, bytes]
    redacted: frozenset[int]


@dataclass(slots=True)
class Verified:
    """What was walked, and what was found wrong, in sentences; at most the first of each chain."""

    seals: int = 0
    rows: int = 0
    problems: list[str] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify(session: Session, keys: Sequence[bytes]) -> Verified:
    """Walk every chain from its first seal to its head. `keys` are the present and the former sealing keys."""
    known = _Known({key_id(key): key for key in keys}, redacted_batches(session))
    found = Verified(problems=[])
    for chain in session.scalars(select(AuditHead.chain).order_by(AuditHead.chain)):
        problem = _first_break(session, chain, known, found)
        if problem and found.problems is not None:
            found.problems.append(problem)
    found.problems = [*(found.problems or []), *_unsealed(session)]
    return found


def verify_newest(session: Session, keys: Sequence[bytes], most: int) -> Verified:
    """Walk the newest seals of every chain up to its head, at most so many of each: what a page has time for."""
    known = _Known({key_id(key): key for key in keys}, redacted_batches(session))
    found = Verified(problems=[])
    for head in session.scalars(select(AuditHead).order_by(AuditHead.chain)).all():
        query = select(AuditSeal).where(AuditSeal.chain == head.chain).order_by(AuditSeal.seq.desc()).limit(most)
        seals = session.scalars(query).all()[::-1]
        if problem := _break_among(session, head, seals, known, found):
            found.problems = [*(found.problems or []), problem]
    return found


def _break_among(
    session: Session, head: AuditHead, seals: Sequence[AuditSeal], known: _Known, found: Verified
) -> str | None:
    previous = seals[0].previous if seals else GENESIS
    for place, seal in enumerate(seals):
        if seal.seq != seals[0].seq + place:
            return f"Chain {head.chain}: seal {seals[0].seq + place} is missing."
        if problem := _wrong(session, head.chain, seal, previous, known):
            return problem
        found.seals, found.rows, previous = found.seals + 1, found.rows + seal.rows, seal.hash
    return (
        None if head.hash == previous else f"Chain {head.chain} does not end where its head says: its end was cut off."
    )


def _first_break(session: Session, chain: str, known: _Known, found: Verified) -> str | None:
    previous, seq = GENESIS, 0
    for seal in _seals(session, chain):
        seq += 1
        if seal.seq != seq:
            return f"Chain {chain}: seal {seq} is missing."
        if problem := _wrong(session, chain, seal, previous, known):
            return problem
        found.seals += 1
        found.rows += seal.rows
        previous = seal.hash
    head = session.get_one(AuditHead, chain, populate_existing=True)
    if (head.seq, head.hash) != (seq, previous):
        return f"Chain {chain} ends at seal {seq}, but its head says {head.seq}: its end was cut off."
    return None


def _wrong(session: Session, chain: str, seal: AuditSeal, previous: str, known: _Known) -> str | None:
    keys = known.keys
    where = f"Chain {chain}, seal {seal.seq} (batch {seal.batch})"
    if seal.previous != previous:
        return f"{where} does not follow the seal before it."
    if seal.key_id not in keys:
        return (
            f"{where} was made with a key this desk does not have: add the former SECRET_KEY to SECRET_KEY_FALLBACKS."
        )
    counted = session.scalars(select(func.count()).where(Audit.batch == seal.batch)).one()
    if counted != seal.rows:
        return f"{where} covers {numbers.counted(seal.rows, 'record')}, but {counted} are there."
    found = digest(session, seal.batch)
    is_plain = found == seal.digest and seal.batch not in known.redacted
    if not is_plain and not is_as_sealed(session, seal.batch, found, list(keys.values())):
        return f"{where}: a record was changed."
    made = link_hash(keys[seal.key_id], chain, seal.seq, seal.batch, seal.rows, seal.digest, seal.previous)
    return None if made == seal.hash else f"{where} was forged."


def _seals(session: Session, chain: str) -> Iterator[AuditSeal]:
    after = 0
    while True:
        query = select(AuditSeal).where(AuditSeal.chain == chain, AuditSeal.seq > after).order_by(AuditSeal.seq)
        page = session.scalars(query.limit(_PAGE)).all()
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].seq
        session.expunge_all()


def _unsealed(session: Session) -> list[str]:
    """Records that no seal covers: someone wrote them past the desk."""
    bare = select(Audit.batch).where(~exists().where(AuditSeal.batch == Audit.batch)).distinct().limit(10)
    return [f"Batch {batch} has records that no seal covers." for batch in session.scalars(bare)]
