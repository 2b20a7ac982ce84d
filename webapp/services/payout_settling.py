"""Settling payouts by what their providers said: many in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, literal, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.claims import TAKEN_OVER, Claim, counts
from webapp.domain.event_types import Event, PayoutFailed, PayoutReversed, PayoutSucceeded
from webapp.domain.payout_rules import Course, Sent, judge, next_try
from webapp.domain.provider_words import Seen, Word
from webapp.domain.states import PayoutStatus, ScheduleStatus
from webapp.models import Payout, PayoutSchedule
from webapp.services import audit, events, payout_failures, payout_returns
from webapp.services.outcome import Outcome, Refused
from webapp.sql import json_text, lock, one_of

_TABLE: Any = Payout.__table__
_SCHEDULES: Any = PayoutSchedule.__table__
_UNSENT = (PayoutStatus.PENDING, PayoutStatus.SENDING)
"""Payouts whose provider is not known to have them."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """A payout, what was said of it, and what that means."""

    row: Any
    word: Word
    course: Course
    status: PayoutStatus
    sentence: str


def settle_all(
    session: Session,
    words: Mapping[int, Word],
    *,
    at: datetime,
    actor: Actor,
    run_id: int | None = None,
    claims: Mapping[int, Claim] | None = None,
) -> Outcome:
    """Do to each payout what its provider's word means; settling the same word twice changes nothing more.

    Those that came back are failed by name, those that are not settled yet refused, and none is raised. `claims` tells
    how the payouts were taken that somebody asked about: who has lost one settles only what the provider knows of it.
    """
    lock(session, Payout, list(words))
    rows = session.execute(_rows(session, list(words))).all()
    lost = [row for row in rows if not _counts(row, words[row.id], (claims or {}).get(row.id))]
    ruled = [_ruled(row, words[row.id]) for row in rows if row not in lost]
    groups: dict[Course, list[Ruled]] = {course: [] for course in Course}
    for each in ruled:
        groups[each.course].append(each)
    _succeed(session, groups[Course.SUCCEED], at, actor)
    _come_back(session, [*groups[Course.FAIL], *groups[Course.REVERSE]], at, actor, run_id)
    _wait(session, groups[Course.WAIT], at)
    outcome = _outcome(ruled)
    outcome.refused += [Refused(row.id, row.ref, TAKEN_OVER) for row in lost]
    return outcome


def _counts(row: Any, word: Word, claim: Claim | None) -> bool:
    return counts(word, claim, Claim(row.status, row.attempts))


def _outcome(ruled: Sequence[Ruled]) -> Outcome:
    outcome = Outcome("payout")
    for each in ruled:
        _count(outcome, each)
    return outcome


def _count(outcome: Outcome, each: Ruled) -> None:
    """One payout is one item. Its money counts once: with the word by which its provider has it for the first time."""
    row, is_new = each.row, each.row.status in _UNSENT
    if each.course in (Course.FAIL, Course.REVERSE):
        outcome.failed.append(Refused(row.id, row.ref, each.sentence or f"It {each.status}."))
    elif each.course == Course.SUCCEED or (is_new and each.status == PayoutStatus.SENT and _agrees(each)):
        outcome.done += 1
        if is_new:
            outcome.amounts[row.currency] = outcome.amounts.get(row.currency, 0) + row.amount
    else:
        outcome.refused.append(Refused(row.id, row.ref, each.sentence or f"It is {each.status} still."))


def _agrees(each: Ruled) -> bool:
    return isinstance(each.word, Seen) and (each.word.amount, each.word.currency) == (
        each.row.amount,
        each.row.currency,
    )


def _rows(session: Session, ids: Sequence[int]) -> Any:
    columns = (
        Payout.id,
        Payout.ref,
        Payout.status,
        Payout.amount,
        Payout.currency,
        Payout.attempts,
        Payout.schedule_id,
    )
    return select(*columns).where(one_of(session, Payout.id, ids)).order_by(Payout.id)


def _ruled(row: Any, word: Word) -> Ruled:
    return Ruled(row, word, *judge(Sent(row.status, row.amount, row.currency), word))


def _succeed(session: Session, ruled: Sequence[Ruled], at: datetime, actor: Actor) -> None:
    if not ruled:
        return
    _mark(session, ruled, at)
    schedules = [each.row.schedule_id for each in ruled if each.row.schedule_id is not None]
    done = update(_SCHEDULES).where(one_of(session, _SCHEDULES.c.id, schedules))
    values = {"status": str(ScheduleStatus.PROCESSED), "processed_at": at, "failure_reason": None}
    session.execute(done.values(**values, version=_SCHEDULES.c.version + 1))
    _tell(session, ruled, "payout.succeed", PayoutSucceeded(), at, actor)


def _come_back(session: Session, ruled: Sequence[Ruled], at: datetime, actor: Actor, run_id: int | None) -> None:
    """The provider did not pay, or took it back: the money is in the wallet again, and the schedule knows."""
    if not ruled:
        return
    payout_returns.give_back(session, [each.row.id for each in ruled], at=at, run_id=run_id)
    _mark(session, ruled, at)
    for each in ruled:
        payout_failures.note(session, each.row, each.status, each.sentence, at=at, actor=actor)
    failed = [each for each in ruled if each.status == PayoutStatus.FAILED]
    turned = [each for each in ruled if each.status == PayoutStatus.REVERSED]
    _tell(session, failed, "payout.fail", PayoutFailed(), at, actor)
    _tell(session, turned, "payout.reverse", PayoutReversed(), at, actor)


def _wait(session: Session, ruled: Sequence[Ruled], at: datetime) -> None:
    if not ruled:
        return
    values = [
        {
            "key": each.row.id,
            "state": str(each.status),
            "said_now": each.sentence or None,
            "number": _number(each.word),
            "again": next_try(each.row.attempts, at, each.word),
        }
        for each in ruled
    ]
    changed = (
        update(_TABLE)
        .where(_TABLE.c.id == bindparam("key"))
        .values(
            status=bindparam("state"),
            said=bindparam("said_now"),
            provider_id=bindparam("number"),
            next_try_at=bindparam("again", type_=_TABLE.c.next_try_at.type),
        )
    )
    session.connection().execute(changed, values)


def _mark(session: Session, ruled: Sequence[Ruled], at: datetime) -> None:
    values = [
        {
            "key": each.row.id,
            "state": str(each.status),
            "said_now": each.sentence or None,
            "number": _number(each.word),
        }
        for each in ruled
    ]
    changed = (
        update(_TABLE)
        .where(_TABLE.c.id == bindparam("key"))
        .values(
            status=bindparam("state"),
            said=bindparam("said_now"),
            provider_id=bindparam("number"),
            settled_at=at,
            next_try_at=None,
            version=_TABLE.c.version + 1,
        )
    )
    session.connection().execute(changed, values)


def _number(word: Word) -> str | None:
    return word.provider_id if isinstance(word, Seen) else None


def _tell(session: Session, ruled: Sequence[Ruled], action: str, event: Event, at: datetime, actor: Actor) -> None:
    if not ruled:
        return
    ids = [each.row.id for each in ruled]
    said = json_text(session, {"status": Payout.status, "said": Payout.said})
    records = select(Payout.id, literal('{"status":"sending"}').label("before"), said.label("after"))
    records = records.where(one_of(session, Payout.id, ids))
    audit.record_all(session, actor, action, "payout", records, len(ids), at=at)
    events.add_all(session, event, ids, at=at)
