"""What retrying the failed items of a run of payouts takes: new payouts in place of those that came back, if due."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.state_labels import in_words
from webapp.domain.states import PayoutStatus, ScheduleStatus
from webapp.domain.words import phrase
from webapp.models import Payout, PayoutSchedule, RunItem
from webapp.services.common.batch_result import Outcome, RefusedItem
from webapp.sql import one_of

_CAME_BACK = (PayoutStatus.FAILED, PayoutStatus.REVERSED, PayoutStatus.CANCELLED)


def schedules_of(session: Session, payout_ids: Sequence[int]) -> list[int]:
    """The schedules of these payouts that no other payout followed."""
    rows = select(Payout.schedule_id).join(PayoutSchedule, PayoutSchedule.payout_id == Payout.id)
    return [each for each in session.scalars(rows.where(one_of(session, Payout.id, payout_ids))) if each is not None]


def present_payouts(session: Session, schedule_ids: Sequence[int]) -> list[int]:
    """The present payouts of these schedules."""
    mine = one_of(session, PayoutSchedule.id, schedule_ids)
    return [each for each in session.scalars(select(PayoutSchedule.payout_id).where(mine)) if each is not None]


def left(session: Session, payout_ids: Sequence[int], run_id: int) -> Outcome:
    """Those of them in whose place nothing was paid, by name and with the reason; without those whose schedule the run
    has named with a reason of its own: one payout is one item.
    """
    named = select(RunItem.subject_id).where(RunItem.run_id == run_id, RunItem.subject_kind == "payout_schedule")
    rows = (
        select(Payout.id, Payout.ref, Payout.status, PayoutSchedule.ref.label("plan"), PayoutSchedule.payout_id)
        .add_columns(PayoutSchedule.status.label("plan_status"), PayoutSchedule.failure_reason)
        .join(PayoutSchedule, PayoutSchedule.id == Payout.schedule_id)
        .where(one_of(session, Payout.id, payout_ids), Payout.status.in_(_CAME_BACK))
        .where(Payout.schedule_id.not_in(named))
        .order_by(Payout.id)
    )
    outcome = Outcome("payout")
    for row in session.execute(rows):
        if row.payout_id == row.id:
            outcome.refused.append(RefusedItem(row.id, row.ref, _why(row)))
    return outcome


def _why(row: Any) -> str:
    if row.plan_status == ScheduleStatus.PENDING:
        return phrase(
            "Nothing was sent: payout schedule %(plan)s is not due, or can't be paid now. Its page says why.",
            plan=row.plan,
        )
    if row.plan_status == ScheduleStatus.FAILED:
        return phrase(
            "Nothing was sent: payout schedule %(plan)s failed for good. Have it paid on its page, or change it.",
            plan=row.plan,
        )
    return phrase(
        "Nothing was sent: payout schedule %(plan)s is %(status)s.", plan=row.plan, status=in_words(row.plan_status)
    )
