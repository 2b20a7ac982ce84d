"""Payout schedules over HTTP: plan payouts, change and cancel them, and have them paid now."""

from typing import Annotated

from pydantic import Field

from webapp.api.framework.pagination import newest_first
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import (
    Amount,
    LongText,
    NewestFirst,
    Page,
    Reference,
    RequestInstant,
    RequestModel,
    ShortText,
    Version,
    to_page,
)
from webapp.api.jobs.endpoints import RUN_ADDRESS
from webapp.api.jobs.schemas import RunShape, run_shape
from webapp.api.parties.schemas import id_of
from webapp.api.payouts.schemas import ScheduleShape, schedule_shapes
from webapp.domain.states import ScheduleStatus
from webapp.errors import Invalid
from webapp.jobs.engine.queue import enqueue_after_commit
from webapp.models import PayoutSchedule, Run
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.payouts.schedules.schedules import NewSchedule

endpoints = Endpoints("payout schedules")
_ALL = "/api/v2/payout-schedules"
_ONE = f"{_ALL}/<id:schedule_id>"


class SchedulesQuery(NewestFirst):
    """Which schedules."""

    placement: ShortText | None = None
    status: ScheduleStatus | None = None
    party: Annotated[ShortText | None, Field(description="The party's reference.")] = None
    ref: ShortText | None = None


class ScheduleBody(RequestModel):
    """When how much is paid. With a guarantee, nothing is paid before it ends."""

    amount: Amount
    due_at: RequestInstant
    guarantee_completion_date: RequestInstant | None = None
    placement: Reference | None = None


class NewScheduleBody(ScheduleBody):
    """A payout to be."""

    ref: Reference
    party: Annotated[Reference, Field(description="The reference of the party that is paid.")]


class ScheduleChange(ScheduleBody):
    """The schedule as a whole; its currency stays."""

    version: Version = None


class WhyCancelled(RequestModel):
    """Why it is cancelled."""

    reason: LongText = "Cancelled over the API."


@endpoints.get(_ALL, "payout:read")
def list_payout_schedules(call: Call, query: SchedulesQuery) -> Page[ScheduleShape]:
    """Payout schedules, newest first."""
    wanted = {
        PayoutSchedule.placement: query.placement,
        PayoutSchedule.status: query.status,
        PayoutSchedule.party_id: id_of(call.session, query.party, "party") if query.party else None,
        PayoutSchedule.ref: query.ref,
    }
    rows = newest_first(call.session, PayoutSchedule, query, wanted)
    shapes = schedule_shapes(call.session, rows)
    return to_page(rows, query, lambda row: shapes[row.id])


@endpoints.get(_ONE, "payout:read")
def get_payout_schedule(call: Call, schedule_id: int) -> ScheduleShape:
    """One payout schedule."""
    return _one(call, payout_schedules.get(call.session, schedule_id))


@endpoints.post(_ALL, "payout:manage", status=201, location=f"{_ALL}/{{id}}")
def create_payout_schedule(call: Call, body: NewScheduleBody) -> ScheduleShape:
    """Plan a payout out of a party's wallet."""
    new = NewSchedule(
        body.ref,
        id_of(call.session, body.party, "party"),
        body.amount.amount,
        body.amount.currency,
        body.due_at,
        body.placement,
        body.guarantee_completion_date,
    )
    return _one(call, payout_schedules.create(call.session, new, at=call.at, actor=call.actor))


@endpoints.put(_ONE, "payout:manage")
def update_payout_schedule(call: Call, schedule_id: int, body: ScheduleChange) -> ScheduleShape:
    """Change a schedule that is not being paid; a failed one waits again, with all its attempts."""
    present = payout_schedules.get(call.session, schedule_id)
    if body.amount.currency != present.currency:
        message = f"The currency stays {present.currency}. Cancel this schedule and plan another."
        raise Invalid(message, fields={"amount.currency": message})
    changed = payout_schedules.change(
        call.session,
        schedule_id,
        amount=body.amount.amount,
        due_at=body.due_at,
        guarantee_completion_date=body.guarantee_completion_date,
        placement=body.placement,
        version=present.version if body.version is None else body.version,
        at=call.at,
        actor=call.actor,
    )
    return _one(call, changed)


@endpoints.delete(_ONE, "payout:manage")
def cancel_payout_schedule(call: Call, schedule_id: int, query: WhyCancelled) -> ScheduleShape:
    """Cancel a schedule before it is paid. It stays on record."""
    return _one(call, payout_schedules.cancel(call.session, schedule_id, query.reason, at=call.at, actor=call.actor))


@endpoints.post(f"{_ONE}/trigger", "payout:retry", status=202, location=RUN_ADDRESS)
def trigger_payout_schedule(call: Call, schedule_id: int) -> RunShape:
    """A run that pays this one now, whatever its date says. Its guarantee is waited for still."""
    return _started(call, payout_schedules.trigger(call.session, schedule_id, at=call.at, actor=call.actor))


@endpoints.post(f"{_ALL}/process-due", "payout:retry", status=202, location=RUN_ADDRESS)
def process_due_payout_schedules(call: Call) -> RunShape:
    """A run that pays everything that is due."""
    return _started(call, payout_schedules.trigger_due(call.session, actor=call.actor))


def _started(call: Call, run: Run) -> RunShape:
    enqueue_after_commit(call.runtime, call.session, run)
    return run_shape(run)


def _one(call: Call, schedule: PayoutSchedule) -> ScheduleShape:
    return schedule_shapes(call.session, [schedule])[schedule.id]
