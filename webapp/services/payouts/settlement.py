"""Settling payouts by what their providers said: many in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, bindparam, case, func, null, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.alert_definitions import PAYOUT_FAILED
from webapp.domain.outbox.event_types import Event, PayoutFailed, PayoutReversed, PayoutSucceeded
from webapp.domain.payouts.payout_outcome import (
    PayoutAttempt,
    PayoutOutcome,
    PayoutTransition,
    agrees,
    evaluate,
    next_check,
    next_try,
)
from webapp.domain.providers.fencing import TAKEN_OVER, Claim, counts
from webapp.domain.providers.provider_messages import sentence
from webapp.domain.providers.provider_results import NoResponse, ProviderResponse, ProviderResult, ProviderStatus
from webapp.domain.state_labels import in_words
from webapp.domain.states import PayoutStatus, ScheduleStatus
from webapp.domain.words import phrase
from webapp.models import Payout, PayoutSchedule
from webapp.services.alerts import alerts
from webapp.services.audit import trail
from webapp.services.common import status_changes
from webapp.services.common.batch_result import CAME_BACK, Outcome, RefusedItem
from webapp.services.payouts import amounts, failures, pauses, returns
from webapp.services.payouts.returns import IN_WALLET
from webapp.sql import lock, one_of

_TABLE: Any = Payout.__table__
_SCHEDULES: Any = PayoutSchedule.__table__
_WATCHED = (PayoutOutcome.NO_CHANGE, PayoutOutcome.CONFIRM, PayoutOutcome.CONTRADICT, PayoutOutcome.RETRACT)
_UNSENT = (PayoutStatus.PENDING, PayoutStatus.SENDING)
"""Payouts whose provider is not known to have them."""


@dataclass(frozen=True, slots=True)
class EvaluatedPayout:
    """A payout, what was said of it, and what that means."""

    row: Any
    result: ProviderResult
    transition: PayoutTransition

    @property
    def outcome(self) -> PayoutOutcome:
        """What is done about it."""
        return self.transition.outcome

    @property
    def status(self) -> PayoutStatus:
        """What it is from then on."""
        return self.transition.status

    @property
    def sentence(self) -> str:
        """Why."""
        return self.transition.message

    @property
    def was_paid(self) -> bool:
        """Whether it counted as paid until now."""
        return bool(self.row.status == PayoutStatus.SUCCEEDED)


def settle_all(
    session: Session,
    results: Mapping[int, ProviderResult],
    *,
    at: datetime,
    actor: Actor,
    run_id: int | None = None,
    claims: Mapping[int, Claim] | None = None,
) -> Outcome:
    """Do to each payout what its provider's answer means; settling the same answer twice changes nothing more.

    Those that came back are failed by name, those that are not settled yet refused, and none is raised. `claims` tells
    how the payouts were taken that somebody asked about: who has lost one settles only what the provider knows of it.
    """
    # Lock, then look: a result that another process settled meanwhile is seen by the second statement only.
    lock(session, Payout, list(results))
    rows = session.execute(_rows(session, list(results))).all()
    lost = [row for row in rows if not _counts(row, results[row.id], (claims or {}).get(row.id))]
    evaluated = [_evaluate(row, results[row.id]) for row in rows if row not in lost]
    groups: dict[PayoutOutcome, list[EvaluatedPayout]] = {outcome: [] for outcome in PayoutOutcome}
    for each in evaluated:
        groups[each.outcome].append(each)
    _succeed(session, groups[PayoutOutcome.SUCCEED], at, actor)
    _come_back(session, [*groups[PayoutOutcome.FAIL], *groups[PayoutOutcome.REVERSE]], at, actor, run_id)
    _wait(session, groups[PayoutOutcome.WAIT], at)
    _watch(session, [each for outcome in _WATCHED for each in groups[outcome]], at)
    for each in groups[PayoutOutcome.CONTRADICT]:
        failures.contradict(session, each.row, at=at, actor=actor)
    _confirm(session, groups[PayoutOutcome.CONFIRM], at, actor)
    _note_paid(session, [*groups[PayoutOutcome.CONTRADICT], *groups[PayoutOutcome.CONFIRM]])
    for each in groups[PayoutOutcome.RETRACT]:
        failures.retract(session, each.row, at=at, actor=actor)
    amounts.note(session, [(each.row, _sent(each.row), each.result) for each in evaluated], at=at, actor=actor)
    tried = [pauses.Tried(each.row.id, each.row.provider, each.result) for each in evaluated]
    pauses.learn(session, tried, at=at, actor=actor)
    batch = _outcome(evaluated)
    batch.refused += [RefusedItem(row.id, row.ref, TAKEN_OVER) for row in lost]
    return batch


def _counts(row: Any, result: ProviderResult, claim: Claim | None) -> bool:
    return counts(result, claim, Claim(row.status, row.attempts))


def _outcome(evaluated: Sequence[EvaluatedPayout]) -> Outcome:
    batch = Outcome("payout")
    for each in evaluated:
        _count(batch, each)
    return batch


def _count(batch: Outcome, each: EvaluatedPayout) -> None:
    """One payout is one item. Its money counts once: with the first answer by which its provider has it."""
    row, is_new = each.row, each.row.status in _UNSENT and each.row.provider_id is None
    if each.outcome in (PayoutOutcome.FAIL, PayoutOutcome.REVERSE):
        batch.failed.append(
            RefusedItem(
                row.id, row.ref, sentence(each.sentence) or phrase("It is %(status)s.", status=in_words(each.status))
            )
        )
        if row.provider_id is not None:
            batch.note(CAME_BACK, row.currency, row.amount)
    elif each.outcome == PayoutOutcome.CONTRADICT:
        batch.failed.append(
            RefusedItem(row.id, row.ref, phrase("It was paid after all, though its money had come back."))
        )
    elif each.outcome == PayoutOutcome.SUCCEED or (is_new and each.status == PayoutStatus.SENT and _is_taken(each)):
        batch.done += 1
        if is_new:
            batch.amounts[row.currency] = batch.amounts.get(row.currency, 0) + row.amount
    elif each.outcome in (PayoutOutcome.NO_CHANGE, PayoutOutcome.CONFIRM, PayoutOutcome.RETRACT):
        batch.done += 1
    else:
        batch.refused.append(RefusedItem(row.id, row.ref, _left(each)))


def _left(each: EvaluatedPayout) -> str:
    if isinstance(each.result, NoResponse) and each.result.pauses_all:
        return phrase(
            "Waiting: payouts through %(provider)s are paused. %(sentence)s",
            provider=each.row.provider,
            sentence=sentence(each.sentence),
        )
    return sentence(each.sentence) or phrase("It is %(status)s still.", status=in_words(each.status))


def _is_taken(each: EvaluatedPayout) -> bool:
    return isinstance(each.result, ProviderResponse) and agrees(_sent(each.row), each.result)


def _rows(session: Session, ids: Sequence[int]) -> Any:
    columns = (
        Payout.id,
        Payout.ref,
        Payout.status,
        Payout.amount,
        Payout.currency,
        Payout.attempts,
        Payout.schedule_id,
        Payout.provider,
        Payout.provider_id,
        Payout.settled_at,
        Payout.doubted_at,
        Payout.sent_at,
        Payout.recheck_at,
        Payout.paid_after_all_at,
        Payout.is_unconfirmed,
        Payout.destination_id,
    )
    return select(*columns).where(one_of(session, Payout.id, ids)).order_by(Payout.id)


def _evaluate(row: Any, result: ProviderResult) -> EvaluatedPayout:
    return EvaluatedPayout(row, result, evaluate(_sent(row), result))


def _sent(row: Any) -> PayoutAttempt:
    return PayoutAttempt(
        row.status,
        row.amount,
        row.currency,
        is_doubted=row.doubted_at is not None,
        is_paid_after_all=row.paid_after_all_at is not None,
        is_unconfirmed=row.is_unconfirmed,
    )


def _succeed(session: Session, evaluated: Sequence[EvaluatedPayout], at: datetime, actor: Actor) -> None:
    if not evaluated:
        return
    _mark(session, evaluated, at, recheck_at=next_check(at, at))
    schedules = [each.row.schedule_id for each in evaluated if each.row.schedule_id is not None]
    done = update(_SCHEDULES).where(one_of(session, _SCHEDULES.c.id, schedules))
    values = {"status": str(ScheduleStatus.PROCESSED), "processed_at": at, "failure_reason": None}
    session.execute(done.values(**values, version=_SCHEDULES.c.version + 1))
    _record(session, evaluated, "payout.succeed", PayoutSucceeded(), at, actor)
    _end_alerts(session, evaluated, schedules, at)


def _end_alerts(session: Session, evaluated: Sequence[EvaluatedPayout], schedules: Sequence[int], at: datetime) -> None:
    """What had failed is paid now."""
    refs = session.scalars(select(PayoutSchedule.ref).where(one_of(session, PayoutSchedule.id, schedules))).all()
    subjects = [f"payout schedule {ref}" for ref in refs] + [f"payout {each.row.ref}" for each in evaluated]
    alerts.resolve_all(session, [PAYOUT_FAILED], subjects, at)


def _come_back(
    session: Session, evaluated: Sequence[EvaluatedPayout], at: datetime, actor: Actor, run_id: int | None
) -> None:
    """The provider did not pay, or took it back: who had borne it has it again, and the schedule knows."""
    if not evaluated:
        return
    backs = returns.give_back(session, [each.row.id for each in evaluated], at=at, run_id=run_id)
    _mark(session, evaluated, at, recheck_at=next_check(at, at))
    for each in evaluated:
        back = backs.get(each.row.id, IN_WALLET)
        failures.note(session, each.row, each.status, each.sentence, back=back, at=at, actor=actor)
    for back in {IN_WALLET, *backs.values()}:
        some = [each for each in evaluated if backs.get(each.row.id, IN_WALLET) == back]
        failed = [each for each in some if each.status == PayoutStatus.FAILED]
        turned = [each for each in some if each.status == PayoutStatus.REVERSED]
        gone = PayoutFailed(to_platform=back.to_platform, debt_met_amount=back.debt)
        returned = PayoutReversed(to_platform=back.to_platform, debt_met_amount=back.debt)
        _record(session, failed, "payout.fail", gone, at, actor)
        _record(session, turned, "payout.reverse", returned, at, actor)


def _wait(session: Session, evaluated: Sequence[EvaluatedPayout], at: datetime) -> None:
    if not evaluated:
        return
    values = [
        _values(each)
        | {
            "again": next_try(each.row.attempts, at, each.result),
            "doubtful": each.transition.is_doubted,
            "person": isinstance(each.result, ProviderResponse) and each.result.needs_person,
            "unsent": isinstance(each.result, NoResponse) and each.result.is_answer and each.result.is_unsent,
        }
        for each in evaluated
    ]
    # The claim marked it as sent before it was. What surely never left takes the marks back: with them it could not be
    # cancelled for hours, and would after a day only be asked about.
    never = bindparam("unsent", type_=Boolean)
    since = case((bindparam("doubtful", type_=Boolean), func.coalesce(_TABLE.c.doubted_at, at)))
    changed = _changed(
        next_try_at=bindparam("again", type_=_TABLE.c.next_try_at.type),
        doubted_at=since,
        needs_person=bindparam("person", type_=Boolean),
        first_sent_at=case((never & _TABLE.c.earlier_sent_at.is_(None), None), else_=_TABLE.c.first_sent_at),
        sent_at=case((never, _TABLE.c.earlier_sent_at), else_=_TABLE.c.sent_at),
    )
    session.connection().execute(changed, values)


def _confirm(session: Session, evaluated: Sequence[EvaluatedPayout], at: datetime, actor: Actor) -> None:
    """What two people had said is what the provider says: nothing changes but who says it."""
    if not evaluated:
        return
    ids = [each.row.id for each in evaluated]
    known = update(_TABLE).where(one_of(session, _TABLE.c.id, ids))
    session.connection().execute(known.values(is_unconfirmed=False, version=_TABLE.c.version + 1))
    records = select(Payout.id, null().label("before"), null().label("after")).where(one_of(session, Payout.id, ids))
    trail.record_all(session, actor, "payout.confirm", "payout", records, len(ids), at=at)


def _watch(session: Session, evaluated: Sequence[EvaluatedPayout], at: datetime) -> None:
    """They are as they were; ask again, until they were watched for long enough. What is not watched is not now."""
    evaluated = [each for each in evaluated if each.row.recheck_at is not None]
    if not evaluated:
        return
    again = bindparam("again", type_=_TABLE.c.recheck_at.type)
    changed = update(_TABLE).where(_TABLE.c.id == bindparam("key")).values(recheck_at=again)
    values = [{"key": each.row.id, "again": next_check(each.row.settled_at or at, at)} for each in evaluated]
    session.connection().execute(changed, values)


def _mark(
    session: Session, evaluated: Sequence[EvaluatedPayout], at: datetime, recheck_at: datetime | None = None
) -> None:
    changed = _changed(
        settled_at=at,
        next_try_at=None,
        recheck_at=recheck_at,
        is_unconfirmed=False,
        doubted_at=None,
        needs_person=False,
        version=_TABLE.c.version + 1,
    )
    session.connection().execute(changed, [_values(each) for each in evaluated])


def _changed(**values: Any) -> Any:
    """The change of one payout by what was reported of it, and more. What is not reported again stays."""
    number: Any = func.coalesce(bindparam("number"), _TABLE.c.provider_id)
    paid: Any = func.coalesce(bindparam("paid", type_=_TABLE.c.paid_at.type), _TABLE.c.paid_at)
    reported = {
        "status": bindparam("state"),
        "status_detail": bindparam("new_detail"),
        "provider_id": number,
        "paid_at": paid,
    }
    return update(_TABLE).where(_TABLE.c.id == bindparam("key")).values(**reported, **values)


def _values(each: EvaluatedPayout) -> dict[str, Any]:
    number = each.result.provider_id if isinstance(each.result, ProviderResponse) else None
    message = each.sentence or None
    return {
        "key": each.row.id,
        "paid": _paid_at(each),
        "state": str(each.status),
        "new_detail": message,
        "number": number,
    }


def _note_paid(session: Session, evaluated: Sequence[EvaluatedPayout]) -> None:
    """When it was paid after all, where its provider tells."""
    values = [{"key": each.row.id, "paid": _paid_at(each)} for each in evaluated if _paid_at(each)]
    if values:
        changed = update(_TABLE).where(_TABLE.c.id == bindparam("key"))
        paid = bindparam("paid", type_=_TABLE.c.paid_at.type)
        session.connection().execute(changed.values(paid_at=paid), values)


def _paid_at(each: EvaluatedPayout) -> datetime | None:
    is_paid = isinstance(each.result, ProviderResponse) and each.result.status == ProviderStatus.SUCCEEDED
    return each.result.paid_at if is_paid and isinstance(each.result, ProviderResponse) else None


def _record(
    session: Session, evaluated: Sequence[EvaluatedPayout], action: str, event: Event, at: datetime, actor: Actor
) -> None:
    if evaluated:
        before = {each.row.id: str(each.row.status) for each in evaluated}
        status_changes.record_all(session, Payout, before, action, event, at=at, actor=actor)
