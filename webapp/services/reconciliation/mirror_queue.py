"""What the external ledger has to have: claimed, settled, tried again. Sending it is not done here."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.money.legs import movements, named
from webapp.domain.states import MirrorStatus
from webapp.models import Entry, MirrorEntry, Transfer
from webapp.models.base import BigInt
from webapp.services.audit import trail
from webapp.sql import insert_new, labelled, one_of

MOST_ATTEMPTS = 20
LEASE = timedelta(minutes=3)
_LONGEST = timedelta(hours=1)
_OPEN = (MirrorStatus.WAITING, MirrorStatus.SENDING)
_SENT = (MirrorStatus.DONE, MirrorStatus.MISSING)


@dataclass(frozen=True, slots=True)
class QueuedTransfer:
    """A transfer that the external ledger has to have. `doubtful` ones may be there already."""

    transfer_id: int
    reference: str
    kind: str
    currency: str
    legs: dict[int, int]
    """What goes into each account, in minor units."""
    attempts: int
    doubtful: bool
    until: datetime
    """When the claim ends: it tells who has it now from who had it before."""


def claim(session: Session, at: datetime, limit: int) -> list[QueuedTransfer]:
    """Take what is due, in the order of the transfers; nobody else gets it before the lease ends."""
    due = select(MirrorEntry.transfer_id, MirrorEntry.status, MirrorEntry.attempts)
    due = due.where(MirrorEntry.status.in_(_OPEN), MirrorEntry.next_try_at <= at)
    due = due.order_by(MirrorEntry.next_try_at, MirrorEntry.transfer_id).limit(limit)
    rows = {row.transfer_id: row for row in session.execute(due.with_for_update(skip_locked=True))}
    _set(session, list(rows), status=MirrorStatus.SENDING, next_try_at=at + LEASE)
    legs = _legs(session, list(rows))
    heads = select(Transfer.id, Transfer.reference, Transfer.kind, Transfer.currency)
    found = session.execute(heads.where(one_of(session, Transfer.id, list(rows))).order_by(Transfer.id))
    return [
        QueuedTransfer(
            head.id,
            head.reference,
            head.kind,
            head.currency,
            legs.get(head.id, {}),
            rows[head.id].attempts,
            doubtful=rows[head.id].status == MirrorStatus.SENDING,
            until=at + LEASE,
        )
        for head in found
    ]


def sent(session: Session, after: int, limit: int, since: datetime | None) -> list[QueuedTransfer]:
    """The next transfers that it was sent, by id, as it should have them: also those that it was found to lack."""
    chosen = (MirrorEntry.status.in_(_SENT), MirrorEntry.transfer_id > after)
    page = select(Transfer.id, Transfer.reference, Transfer.kind, Transfer.currency)
    page = page.join(MirrorEntry, MirrorEntry.transfer_id == Transfer.id).where(*chosen)
    if since is not None:
        page = page.where(MirrorEntry.sent_at >= since)
    rows = session.execute(page.order_by(Transfer.id).limit(limit)).all()
    legs = _legs(session, [row.id for row in rows])
    never = datetime.min.replace(tzinfo=UTC)
    return [
        QueuedTransfer(row.id, row.reference, row.kind, row.currency, legs.get(row.id, {}), 0, True, never)
        for row in rows
    ]


def count_sent(session: Session, since: datetime | None) -> int:
    """How many there are of those."""
    query = select(func.count()).select_from(MirrorEntry).where(MirrorEntry.status.in_(_SENT))
    if since is not None:
        query = query.where(MirrorEntry.sent_at >= since)
    return session.scalars(query).one()


def ours(session: Session, references: Sequence[str]) -> set[str]:
    """Those of these references that are of movements of ours."""
    possible = {*references, *(each.rpartition("#")[0] for each in references)}
    found = session.execute(select(Transfer.id, Transfer.reference).where(Transfer.reference.in_(possible))).all()
    legs = _legs(session, [row.id for row in found])
    exact = {name for row in found for name in named(row.reference, len(movements(legs.get(row.id, {}))))}
    return exact & set(references)


def note_checked(session: Session, lacks: Sequence[int], has: Sequence[int]) -> None:
    """It was asked: it lacks these, which are sent again when a person says so, and has those."""
    _set(session, lacks, MirrorEntry.status == MirrorStatus.DONE, status=MirrorStatus.MISSING)
    _set(session, has, MirrorEntry.status == MirrorStatus.MISSING, status=MirrorStatus.DONE)


def send_again(session: Session, at: datetime, *, actor: Actor) -> int:
    """Let everything that it was found to lack be sent again; how many. What is there after all is not moved twice."""
    actor.require("job:run")
    lacking = update(MirrorEntry).where(MirrorEntry.status == MirrorStatus.MISSING)
    changed = lacking.values(status=MirrorStatus.WAITING, attempts=0, next_try_at=at)
    count = getattr(session.execute(changed.execution_options(synchronize_session=False)), "rowcount", 0)
    if count:
        trail.record(session, actor, "mirror.send_again", ("mirror", 0), at=at, after={"transfers": count})
    return count


def done(session: Session, sent: Sequence[QueuedTransfer], at: datetime) -> None:
    """The external ledger has them."""
    _set(session, [each.transfer_id for each in sent], status=MirrorStatus.DONE, sent_at=at, last_error=None)


def failed(session: Session, tried: Sequence[QueuedTransfer], at: datetime, error: str, *, doubtful: bool) -> None:
    """They were tried and it is not known, or known not to be, that they are there. Later again, up to 20 times.

    What another process has taken over since is left to it.
    """
    for each in tried:
        attempts = each.attempts + 1
        status = MirrorStatus.SENDING if doubtful or each.doubtful else MirrorStatus.WAITING
        if attempts >= MOST_ATTEMPTS:
            status = MirrorStatus.DEAD
        _set(
            session,
            [each.transfer_id],
            *_ours(each),
            status=status,
            attempts=attempts,
            next_try_at=at + _pause(attempts),
            last_error=error[:300],
        )


def give_up(session: Session, one: QueuedTransfer, error: str) -> None:
    """The external ledger has something else in its place: trying again would not help."""
    _set(session, [one.transfer_id], status=MirrorStatus.DEAD, attempts=one.attempts + 1, last_error=error[:300])


def requeue(session: Session, unsent: Sequence[QueuedTransfer], until: datetime, error: str) -> None:
    """Those of one claim that were not settled were not tried, which is nobody's failure."""
    for status, doubtful in ((MirrorStatus.WAITING, False), (MirrorStatus.SENDING, True)):
        mine = [each for each in unsent if each.doubtful == doubtful]
        if mine:
            ids = [each.transfer_id for each in mine]
            _set(session, ids, *_ours(mine[0]), status=status, next_try_at=until, last_error=error[:300])


def note_missing(session: Session, after: int, limit: int, at: datetime) -> int | None:
    """Note transfers from before there was an external ledger; the id of the last one looked at, None at the end."""
    page = select(Transfer.id).where(Transfer.id > after).order_by(Transfer.id).limit(limit).subquery()
    last = session.scalars(select(func.max(page.c.id))).one()
    if last is None:
        return None
    row = {"transfer_id": page.c.id, "status": str(MirrorStatus.WAITING), "attempts": 0, "next_try_at": at}
    # SQLite takes ON CONFLICT after a SELECT for a join's ON, unless the SELECT has a WHERE
    rows = select(*labelled(MirrorEntry, row)).where(literal(True))
    session.execute(insert_new(session, MirrorEntry).from_select(list(row), rows).on_conflict_do_nothing())
    return int(last)


def retry_dead(session: Session, at: datetime) -> int:
    """Let the dead ones, and those that it was found to lack, be tried again; how many there are."""
    dead = update(MirrorEntry).where(MirrorEntry.status.in_((MirrorStatus.DEAD, MirrorStatus.MISSING)))
    changed = dead.values(status=MirrorStatus.SENDING, attempts=0, next_try_at=at)
    return getattr(session.execute(changed.execution_options(synchronize_session=False)), "rowcount", 0)


def counts(session: Session) -> dict[str, int]:
    """How many transfers there are by status."""
    rows = session.execute(select(MirrorEntry.status, func.count()).group_by(MirrorEntry.status))
    return dict(rows.all())


def lacking(session: Session) -> int:
    """How many it was found to lack, when it was asked last."""
    return session.scalars(select(func.count()).where(MirrorEntry.status == MirrorStatus.MISSING)).one()


def left(session: Session) -> int:
    """How many wait to be sent, or to be asked about."""
    return session.scalars(select(func.count()).where(MirrorEntry.status.in_(_OPEN))).one()


def dead_letters(session: Session, limit: int = 100) -> list[str]:
    """References of transfers that are not tried any more."""
    dead = select(Transfer.reference).join(MirrorEntry, MirrorEntry.transfer_id == Transfer.id)
    dead = dead.where(MirrorEntry.status == MirrorStatus.DEAD).order_by(MirrorEntry.transfer_id)
    return list(session.scalars(dead.limit(limit)))


def _ours(one: QueuedTransfer) -> tuple[ColumnElement[bool], ...]:
    """Whether it is in the hands still that took it."""
    return MirrorEntry.status == MirrorStatus.SENDING, MirrorEntry.next_try_at == one.until


def _legs(session: Session, ids: Sequence[int]) -> dict[int, dict[int, int]]:
    total = func.sum(Entry.amount).cast(BigInt).label("total")
    sums = select(Entry.transfer_id, Entry.account_id, total).where(one_of(session, Entry.transfer_id, ids))
    legs: dict[int, dict[int, int]] = {}
    for transfer, account, amount in session.execute(sums.group_by(Entry.transfer_id, Entry.account_id)):
        if amount:
            legs.setdefault(transfer, {})[account] = amount
    return legs


def _pause(attempts: int) -> timedelta:
    """Exponential, with a little chance, so that what failed together does not come back together."""
    return min(timedelta(seconds=2.0**attempts), _LONGEST) * random.uniform(0.7, 1.3)


def _set(session: Session, ids: Sequence[int], *only: ColumnElement[bool], **values: Any) -> None:
    if ids:
        changed = update(MirrorEntry).where(one_of(session, MirrorEntry.transfer_id, ids), *only).values(**values)
        session.execute(changed.execution_options(synchronize_session=False))
