"""Walking the audit chains: every seal follows from the one before it and from the records it covers.

A walk goes in slices, each of which a session of its own may read: what is sealed changes only by a redaction, which is
sealed itself, so that what one slice found whole stays so. Where a walk is can be kept as JSON, to go on from there.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from webapp.domain import numbers
from webapp.domain.words import phrase
from webapp.models import Audit, AuditHead, AuditSeal
from webapp.services.audit.digest import digests
from webapp.services.audit.redaction import is_as_sealed, redacted_batches
from webapp.services.audit.trail import GENESIS, key_id, link_hash

MOST_SEALS, MOST_RECORDS = 1_000, 20_000
"""What one slice looks at, at most: a seal of the nightly release covers thousands of records."""
_MOST_NAMED = 10
_SEAL = (
    AuditSeal.seq,
    AuditSeal.batch,
    AuditSeal.rows.label("records"),
    AuditSeal.digest,
    AuditSeal.previous,
    AuditSeal.hash,
    AuditSeal.key_id,
)


@dataclass(slots=True)
class ChainPosition:
    """How far a chain is walked, and the seal that was its last when the walk began."""

    chain: str
    seq: int
    hash: str
    last: int
    head_hash: str


@dataclass(frozen=True, slots=True)
class Start:
    """What an earlier walk found whole: the last seal and its hash by chain, and the records up to this id."""

    chains: dict[str, tuple[int, str]] = field(default_factory=dict)
    records: int = 0


@dataclass(slots=True)
class Walk:
    """Where a walk is, and what it found wrong, in sentences; at most the first of each chain."""

    chains: list[ChainPosition]
    records_after: int
    records_to: int
    is_from_first: bool
    """Whether it began at the first seal of each chain."""
    seals: int = 0
    rows: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether nothing was wrong so far."""
        return not self.problems

    @property
    def is_over(self) -> bool:
        """Whether everything was looked at."""
        return self.records_after >= self.records_to and all(each.seq >= each.last for each in self.chains)

    @property
    def left(self) -> int:
        """How many seals are still to be looked at."""
        return sum(each.last - each.seq for each in self.chains)

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Walk":
        """The walk that was kept."""
        return cls(**{**kept, "chains": [ChainPosition(**each) for each in kept["chains"]]})


@dataclass(frozen=True, slots=True)
class _Known:
    """What every seal is held against: keys by their names, and the batches that were redacted since."""

    keys: dict[str, bytes]
    redacted: frozenset[int]


def begin(session: Session, start: Start | None = None) -> Walk:
    """A walk from the first seal of each chain, or from where an earlier one found everything whole, to its head."""
    known = start or Start()
    newest = session.scalars(select(func.max(Audit.id))).one() or 0
    walk = Walk([], known.records, newest, is_from_first=start is None)
    for head in session.scalars(select(AuditHead).order_by(AuditHead.chain)).all():
        ends = session.scalars(select(func.max(AuditSeal.seq)).where(AuditSeal.chain == head.chain)).one() or 0
        seq, hash_ = known.chains.get(head.chain, (0, GENESIS))
        walk.chains.append(ChainPosition(head.chain, seq, hash_, ends, head.hash))
        if ends != head.seq:
            walk.problems.append(
                phrase(
                    "Chain %(chain)s ends at seal %(ends)s, but its head says %(seq)s: its end was cut off.",
                    chain=head.chain,
                    ends=ends,
                    seq=head.seq,
                )
            )
    return walk


def step(session: Session, walk: Walk, keys: Sequence[bytes]) -> None:
    """Look at the next slice. `keys` are the present and the former sealing keys."""
    at = next((each for each in walk.chains if each.seq < each.last), None)
    if at is not None:
        if problem := _break_in(session, at, walk, keys):
            walk.problems.append(problem)
            at.seq = at.last
    elif walk.records_after < walk.records_to:
        to = min(walk.records_after + MOST_RECORDS, walk.records_to)
        walk.problems += _unsealed(session, walk.records_after, to)[: _MOST_NAMED - len(walk.problems)]
        walk.records_after = to


def verify(session: Session, keys: Sequence[bytes]) -> Walk:
    """Walk every chain from its first seal to its head, in one session."""
    walk = begin(session)
    while not walk.is_over:
        step(session, walk, keys)
    return walk


def is_sealed(session: Session, batch: int, keys: Sequence[bytes]) -> bool:
    """Whether the records of a batch are as the desk sealed them, looked at by itself: nobody without a key makes that.

    `keys` are the present and the former sealing keys.
    """
    seal = session.execute(select(AuditSeal.chain, *_SEAL).where(AuditSeal.batch == batch)).one_or_none()
    if seal is None:
        return False
    before = ChainPosition(seal.chain, seal.seq - 1, seal.previous, seal.seq, seal.hash)
    known = _Known({key_id(key): key for key in keys}, redacted_batches(session, [batch]))
    return _wrong(session, before, seal, digests(session, [batch]).get(batch, (0, "")), known) is None


def _break_in(session: Session, at: ChainPosition, walk: Walk, keys: Sequence[bytes]) -> str | None:
    """What is wrong in the next slice of this chain; the position moves to its last whole seal."""
    seals = _next_seals(session, at)
    batches = [seal.batch for seal in seals]
    known = _Known({key_id(key): key for key in keys}, redacted_batches(session, batches))
    found = digests(session, batches)
    for seal in seals:
        if seal.seq != at.seq + 1:
            break
        if problem := _wrong(session, at, seal, found.get(seal.batch, (0, "")), known):
            return problem
        at.seq, at.hash = seal.seq, seal.hash
        walk.seals, walk.rows = walk.seals + 1, walk.rows + seal.records
    if not seals or seals[-1].seq != at.seq:
        return phrase("Chain %(chain)s: seal %(seq)s is missing.", chain=at.chain, seq=at.seq + 1)
    if at.seq == at.last and at.hash != at.head_hash:
        return phrase("Chain %(chain)s does not end where its head says: its end was cut off.", chain=at.chain)
    return None


def _next_seals(session: Session, at: ChainPosition) -> list[Any]:
    mine = (AuditSeal.chain == at.chain, AuditSeal.seq > at.seq, AuditSeal.seq <= at.last)
    page = session.execute(select(*_SEAL).where(*mine).order_by(AuditSeal.seq).limit(MOST_SEALS)).all()
    records, few = 0, list[Any]()
    for seal in page:
        records += seal.records
        if few and records > MOST_RECORDS:
            break
        few.append(seal)
    return few


def _wrong(session: Session, at: ChainPosition, seal: Any, records: tuple[int, str], known: _Known) -> str | None:
    keys, (counted, found) = known.keys, records
    where = phrase("Chain %(chain)s, seal %(seq)s (batch %(batch)s)", chain=at.chain, seq=seal.seq, batch=seal.batch)
    if seal.previous != at.hash:
        return phrase("%(where)s does not follow the seal before it.", where=where)
    if seal.key_id not in keys:
        return phrase(
            "%(where)s was made with a key this desk does not have: add the former SECRET_KEY to SECRET_KEY_FALLBACKS.",
            where=where,
        )
    if counted != seal.records:
        return phrase(
            "%(where)s covers %(records)s, but %(counted)s are there.",
            where=where,
            records=numbers.counted(seal.records, "record"),
            counted=counted,
        )
    is_plain = found == seal.digest and seal.batch not in known.redacted
    if not is_plain and not is_as_sealed(session, seal.batch, found, list(keys.values())):
        return phrase("%(where)s: a record was changed.", where=where)
    made = link_hash(keys[seal.key_id], at.chain, seal.seq, seal.batch, seal.records, seal.digest, seal.previous)
    return None if made == seal.hash else phrase("%(where)s was forged.", where=where)


def _unsealed(session: Session, after: int, to: int) -> list[str]:
    """Records that no seal covers: someone wrote them past the desk."""
    mine = (Audit.id > after, Audit.id <= to, ~exists().where(AuditSeal.batch == Audit.batch))
    bare = select(Audit.batch).where(*mine).distinct().limit(_MOST_NAMED)
    return [phrase("Batch %(batch)s has records that no seal covers.", batch=batch) for batch in session.scalars(bare)]
