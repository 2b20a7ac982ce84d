"""What was compared with which book, on what they differ, and what agrees again."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from webapp.domain.alert_facts import BOOKS_DIFFER, BOOKS_NOT_COMPARED
from webapp.models import Difference, Reconciliation
from webapp.services import alerts
from webapp.services.alerts import Found
from webapp.services.comparing import DIFFERENT, MISSING_HERE, MISSING_THERE, Finding
from webapp.sql import insert_new

PATIENCE = timedelta(hours=6)
_NAMED, _MOST_CAUSES = 3, 200
_OPEN = Difference.resolved_at.is_(None)


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison: what was found, and which earlier differences are known to be gone or are not known."""

    source: str
    at: datetime
    since: datetime | None
    until: datetime | None
    matched: int
    findings: Sequence[Finding]
    settled: Collection[str]
    """References of differences that agree again."""
    said: str | None = None
    """Why it could not be finished; then nothing is known of what is not in it."""
    counts: Mapping[str, int] | None = None
    """How many there are of each kind, where they are too many to be named one by one."""
    skipped: int = 0
    """Rows of theirs that can't be ours, or can't be read."""
    undecided: int = 0
    """Things of ours of which it can't be said yet: young, under way, or moving while they were compared."""
    again: Sequence[int] = ()
    """Payments of ours that were collected twice there: they have to be asked about, though nothing differs."""


def keep(session: Session, compared: Compared, run_id: int | None) -> None:
    """Write down a comparison and its differences; those that agree again are resolved."""
    kinds = Counter(each.kind for each in compared.findings) if compared.counts is None else compared.counts
    session.add(
        Reconciliation(
            source=compared.source,
            run_id=run_id,
            at=compared.at,
            since=compared.since,
            until=compared.until,
            matched=compared.matched,
            missing_here=kinds.get(MISSING_HERE, 0),
            missing_there=kinds.get(MISSING_THERE, 0),
            different=kinds.get(DIFFERENT, 0),
            skipped=compared.skipped,
            undecided=compared.undecided,
            collected_twice=len(compared.again),
            said=compared.said,
        )
    )
    session.flush()
    for each in compared.findings:
        _note(session, compared.source, each, compared.at)
    for reference in compared.settled:
        gone = update(Difference).where(Difference.source == compared.source, Difference.reference == reference, _OPEN)
        session.execute(gone.values(resolved_at=compared.at).execution_options(synchronize_session=False))


def note(session: Session, source: str, found: Finding, at: datetime) -> None:
    """Write down one difference that was heard of between two comparisons, and alert at once."""
    _note(session, source, found, at)
    session.flush()
    alert(session, at)


def open_references(session: Session, source: str, limit: int) -> list[str]:
    """References on which we differ from a book, the one that was looked at longest ago first."""
    found = select(Difference.reference).where(Difference.source == source, _OPEN)
    return list(session.scalars(found.order_by(Difference.last_seen_at, Difference.id).limit(limit)))


def last_of_each(session: Session) -> Sequence[Reconciliation]:
    """The last comparison with each book, by name."""
    newest = select(func.max(Reconciliation.id)).group_by(Reconciliation.source)
    return session.scalars(
        select(Reconciliation).where(Reconciliation.id.in_(newest)).order_by(Reconciliation.source)
    ).all()


def last_of(session: Session, source: str) -> Reconciliation | None:
    """The last comparison with one book."""
    rows = select(Reconciliation).where(Reconciliation.source == source).order_by(Reconciliation.id.desc())
    return session.scalars(rows.limit(1)).one_or_none()


def open_counts(session: Session) -> dict[str, int]:
    """How many differences are open, by book."""
    return dict(session.execute(select(Difference.source, func.count()).where(_OPEN).group_by(Difference.source)).all())


def alert(session: Session, at: datetime) -> None:
    """Alert about books that differ, and about those that could not be compared for six hours."""
    sentences = {source: _found(session, source, count) for source, count in open_counts(session).items()}
    alerts.sync_facts(session, BOOKS_DIFFER, sentences, at)
    silent = {
        last.source: Found(f"Our books could not be compared with {last.source} for six hours: {last.said}")
        for last in last_of_each(session)
        if last.said is not None and _is_overdue(session, last.source, at)
    }
    alerts.sync_facts(session, BOOKS_NOT_COMPARED, silent, at)


def _note(session: Session, source: str, found: Finding, at: datetime) -> None:
    kind, number = found.subject or (None, None)
    values = {
        "kind": found.kind,
        "currency": found.currency,
        "ours": found.ours,
        "theirs": found.theirs,
        "said": found.said,
        "subject_kind": kind,
        "subject_id": number,
        "last_seen_at": at,
    }
    key = {"source": source, "reference": found.reference[:200]}
    row = insert_new(session, Difference).values(**key, **values, first_seen_at=at)
    session.execute(row.on_conflict_do_update(index_elements=["source", "reference"], index_where=_OPEN, set_=values))


def _found(session: Session, source: str, count: int) -> Found:
    """What an alert says of a book: each difference that is new since then fires it again."""
    open_ones = select(Difference.id, Difference.reference).where(Difference.source == source, _OPEN)
    rows = session.execute(open_ones.order_by(Difference.last_seen_at, Difference.id).limit(_MOST_CAUSES)).all()
    named = ", ".join(row.reference for row in rows[:_NAMED])
    things = "thing" if count == 1 else "things"
    sentence = f"Our books differ from {source} in {count} {things}: {named}{', …' if count > _NAMED else ''}."
    return Found(sentence, [str(row.id) for row in rows] if count <= _MOST_CAUSES else [])


def _is_overdue(session: Session, source: str, at: datetime) -> bool:
    """Whether no comparison was finished within our patience, although the first was tried before that."""
    mine = (Reconciliation.source == source,)
    first = session.scalars(select(func.min(Reconciliation.at)).where(*mine)).one()
    good = session.scalars(select(func.max(Reconciliation.at)).where(*mine, Reconciliation.said.is_(None))).one()
    last = good or first
    return last is not None and at - last > PATIENCE
