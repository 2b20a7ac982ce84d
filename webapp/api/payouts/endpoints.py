"""Payouts over HTTP: look at them, try one again, give one up before it is sent."""

from typing import Annotated, Any

from pydantic import Field

from webapp.api.approvals.schemas import Decision, decision
from webapp.api.framework.pagination import newest_first
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import (
    Id,
    LongText,
    NewestFirst,
    Page,
    RequestModel,
    ResponseModel,
    ShortText,
    Version,
    to_page,
)
from webapp.api.jobs.endpoints import RUN_ADDRESS
from webapp.api.jobs.schemas import RunShape, run_shape
from webapp.api.parties.schemas import id_of
from webapp.api.payouts.schemas import PayoutShape, payout_shapes
from webapp.domain.actors import Actor
from webapp.domain.states import PayoutStatus
from webapp.errors import Conflict
from webapp.jobs.engine.queue import enqueue_after_commit
from webapp.jobs.steps import send_payouts
from webapp.models import Payout
from webapp.runtime import Runtime
from webapp.services.payouts import decisions as payout_decisions
from webapp.services.payouts import payouts
from webapp.services.payouts import probes as payout_probes
from webapp.services.payouts import rerouting as payout_rerouting

endpoints = Endpoints("payouts")


class PayoutsQuery(NewestFirst):
    """Which payouts."""

    status: PayoutStatus | None = None
    party: Annotated[ShortText | None, Field(description="The party's reference.")] = None
    schedule: Annotated[Id | None, Field(description="The payout schedule's number.")] = None
    ref: ShortText | None = None


class CancelPayout(RequestModel):
    """Why."""

    reason: LongText


class DecidePayout(RequestModel):
    """Why."""

    reason: LongText
    version: Version = None


class RoutePayout(RequestModel):
    """The payout as it was seen."""

    version: Version = None


class PayoutDecision(Decision):
    """What came of it, and the payout as it is now."""

    payout: PayoutShape


def _ask(runtime: Runtime, actor: Actor, answer: PayoutShape) -> PayoutShape:
    if problem := send_payouts.ask_now(runtime, answer.id, actor):
        raise Conflict(f"It could not be asked: {problem}")
    with runtime.db.reading() as session:
        return payout_shapes(session, [payouts.get(session, answer.id)])[answer.id]


class PayoutsTried(ResponseModel):
    """Which providers are tried, and the run that does it; none when one that is under way does."""

    providers: list[str]
    run: RunShape | None


@endpoints.get("/api/v1/payouts", "payout:read")
def list_payouts(call: Call, query: PayoutsQuery) -> Page[PayoutShape]:
    """Payouts, newest first."""
    wanted = {
        Payout.status: query.status,
        Payout.party_id: id_of(call.session, query.party, "party") if query.party else None,
        Payout.schedule_id: query.schedule,
        Payout.ref: query.ref,
    }
    rows = newest_first(call.session, Payout, query, wanted)
    shapes = payout_shapes(call.session, rows)
    return to_page(rows, query, lambda row: shapes[row.id])


@endpoints.get("/api/v1/payouts/<id:payout_id>", "payout:read")
def get_payout(call: Call, payout_id: int) -> PayoutShape:
    """One payout."""
    return _one(call, payouts.get(call.session, payout_id))


@endpoints.post("/api/v1/payouts/<id:payout_id>/retry", "payout:retry", status=202, location=RUN_ADDRESS)
def retry_payout(call: Call, payout_id: int) -> RunShape:
    """A run that sends a new payout in place of one that failed or was reversed, under a new reference."""
    run = payouts.retry(call.session, payout_id, at=call.at, actor=call.actor)
    enqueue_after_commit(call.runtime, call.session, run)
    return run_shape(run)


@endpoints.post("/api/v1/payouts/<id:payout_id>/cancel", "payout:manage")
def cancel_payout(call: Call, payout_id: int, body: CancelPayout) -> PayoutShape:
    """Give a payout up before it is sent: its money is in the wallet again, and its schedule is cancelled."""
    return _one(
        call,
        payouts.cancel(
            call.session, payout_id, body.reason, at=call.at, actor=call.actor, settings=call.runtime.settings
        ),
    )


@endpoints.post("/api/v1/payouts/try-now", "payout:retry", status=202)
def try_payouts_now(call: Call) -> PayoutsTried:
    """Where a provider's payouts are paused, try one at once instead of waiting; all follow when it is taken."""
    providers, run = payout_probes.try_now(call.session, at=call.at, actor=call.actor)
    if run is not None:
        enqueue_after_commit(call.runtime, call.session, run)
    return PayoutsTried(providers=list(providers), run=run_shape(run) if run is not None else None)


@endpoints.post("/api/v1/payouts/<id:payout_id>/mark-paid", "money:propose")
def mark_payout_paid(call: Call, payout_id: int, body: DecidePayout) -> PayoutDecision:
    """Propose that a payout that does not settle was paid; a second person decides."""
    return _decided(call, payout_id, body, "payout.mark_paid")


@endpoints.post("/api/v1/payouts/<id:payout_id>/give-back", "money:propose")
def give_payout_back(call: Call, payout_id: int, body: DecidePayout) -> PayoutDecision:
    """Propose that a payout that does not settle was not paid: its money goes back. A second person decides."""
    return _decided(call, payout_id, body, "payout.give_back")


@endpoints.post("/api/v1/payouts/<id:payout_id>/claw-back", "money:propose")
def claw_payout_back(call: Call, payout_id: int, body: DecidePayout) -> PayoutDecision:
    """Let the party give back a payout that was paid after its money had come back: from its wallet, else as a debt."""
    return _decided(call, payout_id, body, "payout.claw_back")


@endpoints.post("/api/v1/payouts/<id:payout_id>/write-off", "money:propose")
def write_payout_off(call: Call, payout_id: int, body: DecidePayout) -> PayoutDecision:
    """Let the platform bear a payout that was paid after its money had come back."""
    return _decided(call, payout_id, body, "payout.write_off")


@endpoints.post("/api/v1/payouts/<id:payout_id>/keep-account", "payout:manage")
def keep_payout_account(call: Call, payout_id: int, body: RoutePayout) -> PayoutShape:
    """Send an unsent payout to the account that it was written for, although that was changed since."""
    return _one(call, payout_rerouting.keep_account(call.session, payout_id, **_routed(call, payout_id, body)))


@endpoints.post("/api/v1/payouts/<id:payout_id>/redirect", "payout:manage")
def redirect_payout(call: Call, payout_id: int, body: RoutePayout) -> PayoutShape:
    """Send an unsent payout, whose account was changed, to the party's present account."""
    return _one(call, payout_rerouting.redirect(call.session, payout_id, **_routed(call, payout_id, body)))


@endpoints.post("/api/v1/payouts/<id:payout_id>/ask", "payout:retry", post_commit=_ask)
def ask_about_payout(call: Call, payout_id: int) -> PayoutShape:
    """Ask its provider now what became of it, and settle what it tells. Nothing is sent by that."""
    return _one(call, payouts.get(call.session, payout_id))


def _routed(call: Call, payout_id: int, body: RoutePayout) -> dict[str, Any]:
    version = payouts.get(call.session, payout_id).version if body.version is None else body.version
    return {"version": version, "at": call.at, "actor": call.actor}


def _decided(call: Call, payout_id: int, body: DecidePayout, action: str) -> PayoutDecision:
    version = payouts.get(call.session, payout_id).version if body.version is None else body.version
    came = payout_decisions.decide(
        call.session,
        action,
        payout_id,
        body.reason,
        version=version,
        at=call.at,
        actor=call.actor,
        settings=call.runtime.settings,
    )
    return PayoutDecision(**dict(decision(came)), payout=_one(call, payouts.get(call.session, payout_id)))


def _one(call: Call, payout: Payout) -> PayoutShape:
    return payout_shapes(call.session, [payout])[payout.id]
