"""What was compared with which book, on what they differ, and what agrees again."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from webapp.domain.alert_definitions import BOOKS_DIFFER, BOOKS_NOT_COMPARED
from webapp.domain.numbers import counted
from webapp.domain.words import phrase
from webapp.models import Discrepancy, Reconciliation
from webapp.services.alerts import alerts
from webapp.services.alerts.alerts import AlertFinding
from webapp.services.reconciliation.comparison import DIFFERENT, MISSING_HERE, MISSING_THERE, Finding
from webapp.sql import insert_new, one_of

PATIENCE = timedelta(hours=6)
_NAMED, _MOST_CAUSES = 3, 200
_UNRESOLVED, _ACCEPTED = Discrepancy.resolved_at.is_(None), Discrepancy.accepted_at.is_not(None)
OPEN = and_(_UNRESOLVED, Discrepancy.accepted_at.is_(None))
ACCEPTED = and_(_UNRESOLVED, _ACCEPTED)


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison: what was found, and which earlier discrepancies are known to be gone or are not known."""

    source: str
    at: datetime
    since: datetime | None
    until: datetime | None
    matched: int
    findings: Sequence[Finding]
    settled: Collection[str]
    """References of discrepancies that agree again."""
    error: str | None = None
    """Why it could not be finished; then nothing is known of what is not in it."""
    counts: Mapping[str, int] | None = None
    """How many there are of each kind, where they are too many to be named one by one."""
    skipped: int = 0
    """Rows of theirs that can't be ours, or can't be read."""
    undecided: int = 0
    """Things of ours of which it can't be said yet: young, under way, or moving while they were compared."""
    accepted: int = 0
    """Findings that a person accepted as they are."""
    again: Sequence[int] = ()
    """Payments of ours that were collected twice there: they have to be asked about, though nothing differs."""


def record(session: Session, compared: Compared, run_id: int | None) -> Compared:
    """Write down a comparison and its discrepancies; those that agree again are resolved.

    Returns it without what was accepted, which is counted apart.
    """
    accepted = _note_all(session, compared.source, compared.findings, compared.at)
    kinds = Counter(each.kind for each in compared.findings) if compared.counts is None else Counter(compared.counts)
    kinds.subtract(each.kind for each in accepted)
    session.add(
        Reconciliation(
            source=compared.source,
            run_id=run_id,
            at=compared.at,
            since=compared.since,
            until=compared.until,
            matched=compared.matched,
            missing_here=kinds[MISSING_HERE],
            missing_there=kinds[MISSING_THERE],
            different=kinds[DIFFERENT],
            accepted=len(accepted),
            skipped=compared.skipped,
            undecided=compared.undecided,
            collected_twice=len(compared.again),
            error=compared.error,
        )
    )
    session.flush()
    gone = update(Discrepancy).where(Discrepancy.source == compared.source, _UNRESOLVED)
    gone = gone.where(one_of(session, Discrepancy.reference, list(compared.settled)))
    session.execute(gone.values(resolved_at=compared.at).execution_options(synchronize_session=False))
    still = [each for each in compared.findings if each not in accepted]
    return replace(compared, findings=still, counts=+kinds, accepted=len(accepted))


def note(session: Session, source: str, found: Finding, at: datetime) -> None:
    """Write down one discrepancy that was heard of between two comparisons, and alert at once."""
    _note_all(session, source, [found], at)
    session.flush()
    alert(session, at)


def open_references(session: Session, source: str, limit: int) -> list[str]:
    """References on which we differ from a book, the one that was looked at longest ago first."""
    return _references(session, source, OPEN, limit)


def accepted_references(session: Session, source: str, limit: int) -> list[str]:
    """References on which we differ from a book as a person accepted it, in the same order."""
    return _references(session, source, ACCEPTED, limit)


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
    """How many discrepancies are open, by book."""
    return dict(
        session.execute(select(Discrepancy.source, func.count()).where(OPEN).group_by(Discrepancy.source)).all()
    )


def accepted_counts(session: Session) -> dict[str, int]:
    """How many discrepancies stay as a person accepted them, by book."""
    rows = select(Discrepancy.source, func.count()).where(ACCEPTED).group_by(Discrepancy.source)
    return dict(session.execute(rows).all())


def alert(session: Session, at: datetime) -> None:
    """Alert about books that differ, and about those that could not be compared for six hours."""
    sentences = {source: _found(session, source, count) for source, count in open_counts(session).items()}
    alerts.sync_facts(session, BOOKS_DIFFER, sentences, at)
    silent = {
        last.source: AlertFinding(
            phrase(
                "Our books could not be compared with %(source)s for six hours: %(error)s",
                source=last.source,
                error=last.error,
            )
        )
        for last in last_of_each(session)
        if last.error is not None and _is_overdue(session, last.source, at)
    }
    alerts.sync_facts(session, BOOKS_NOT_COMPARED, silent, at)


def _references(session: Session, source: str, which: ColumnElement[bool], limit: int) -> list[str]:
    found = select(Discrepancy.reference).where(Discrepancy.source == source, which)
    return list(session.scalars(found.order_by(Discrepancy.last_seen_at, Discrepancy.id).limit(limit)))


def _note_all(session: Session, source: str, findings: Sequence[Finding], at: datetime) -> list[Finding]:
    """Write these down; returns those that were accepted as they are.

    What is known of them is locked first: whoever accepts one of them now waits, and accepts what was shown or nothing.
    """
    references = sorted({_key(each) for each in findings})
    rows = select(Discrepancy).where(Discrepancy.source == source, _UNRESOLVED)
    rows = rows.where(one_of(session, Discrepancy.reference, references)).order_by(Discrepancy.id).with_for_update()
    known = {row.reference: row for row in session.scalars(rows.execution_options(populate_existing=True))}
    return [each for each in findings if _note(session, source, each, at, known.get(_key(each)))]


def _note(session: Session, source: str, found: Finding, at: datetime, known: Discrepancy | None) -> bool:
    """Whether it was accepted. One that is not what was accepted any more is a discrepancy of its own."""
    if known is not None and known.accepted_at is not None:
        if _is_same(known, found):
            known.ours, known.theirs, known.last_seen_at = found.ours, found.theirs, at
            return True
        known.resolved_at = at
        session.flush()
    kind, number = found.subject or (None, None)
    values = {
        "kind": found.kind,
        "currency": found.currency,
        "ours": found.ours,
        "theirs": found.theirs,
        "detail": found.detail,
        "subject_kind": kind,
        "subject_id": number,
        "last_seen_at": at,
    }
    row = insert_new(session, Discrepancy).values(source=source, reference=_key(found), **values, first_seen_at=at)
    # One that was accepted since it was looked for is not written over: it is looked at anew by the next comparison.
    session.execute(
        row.on_conflict_do_update(
            index_elements=["source", "reference"], index_where=_UNRESOLVED, set_=values, where=~_ACCEPTED
        )
    )
    return False


def _key(found: Finding) -> str:
    return found.reference[:200]


def _is_same(accepted: Discrepancy, found: Finding) -> bool:
    """Whether it is what was accepted: balances move on both sides, and it is by how much they differ that counts."""
    gap = (found.theirs or 0) - (found.ours or 0)
    was = (accepted.kind, accepted.currency, accepted.detail, accepted.gap)
    return was == (found.kind, found.currency, found.detail, gap)


def _found(session: Session, source: str, count: int) -> AlertFinding:
    """What an alert says of a book: each discrepancy that is new since then fires it again."""
    open_ones = select(Discrepancy.id, Discrepancy.reference).where(Discrepancy.source == source, OPEN)
    rows = session.execute(open_ones.order_by(Discrepancy.last_seen_at, Discrepancy.id).limit(_MOST_CAUSES)).all()
    named = ", ".join(row.reference for row in rows[:_NAMED])
    sentence = phrase(
        "Our books differ from %(source)s in %(things)s: %(named)s.",
        source=source,
        things=counted(count, "thing"),
        named=f"{named}, …" if count > _NAMED else named,
    )
    return AlertFinding(sentence, [str(row.id) for row in rows] if count <= _MOST_CAUSES else [])


def _is_overdue(session: Session, source: str, at: datetime) -> bool:
    """Whether no comparison was finished within our patience, although the first was tried before that."""
    mine = (Reconciliation.source == source,)
    first = session.scalars(select(func.min(Reconciliation.at)).where(*mine)).one()
    good = session.scalars(select(func.max(Reconciliation.at)).where(*mine, Reconciliation.error.is_(None))).one()
    last = good or first
    return last is not None and at - last > PATIENCE
