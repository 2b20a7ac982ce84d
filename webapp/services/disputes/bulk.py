"""Work on many disputes at once: what would become of each, asked before, and each of them done by a run.

Each is done by the very service that does one: its own lock, its own version, its own limits, its own records.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.states import CLOSED_DISPUTES, DisputeStatus, EscrowStatus, Resolution, Trigger
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid, NotAllowed
from webapp.models import Dispute, Escrow, Run, RunItem, User
from webapp.services.approvals import limits
from webapp.services.common import kill_switch, lookup
from webapp.services.disputes import disputes, handling, locks
from webapp.services.scheduling import runs
from webapp.services.users import users
from webapp.settings import Settings
from webapp.sql import database_now, one_of

MOST = 5_000
"""Disputes that one request covers: as many as a run names one by one."""
JOB, ACTION = "purge_expired", "disputes"
"""The run that does it: the one that does what is asked for many runs."""
PERMISSIONS = {"assign": "dispute:work", "ask": "dispute:work", "decide": "money:propose"}
RESOLUTIONS = (Resolution.RELEASE_TO_SELLER, Resolution.REFUND_TO_BUYER, Resolution.NO_FAULT)
"""How many can be decided alike: a split has amounts, which are those of one escrow."""


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """What is done to each: `assign` to `user_id` (None: to nobody), `ask` the `side`, or `decide`."""

    what: str
    user_id: int | None = None
    side: str = ""
    body: str = ""
    resolution: str = ""
    code: str = ""
    reason: str = ""

    @property
    def moves_money(self) -> bool:
        """Whether it pays somebody."""
        return self.what == "decide" and self.resolution != Resolution.NO_FAULT


@dataclass(slots=True)
class PreflightGroup:
    """Disputes that fare alike: `outcome` is `done`, `proposed` or `skipped`, `why` the sentence of the last two.

    `amounts` are those of their escrows, in minor units by currency.
    """

    outcome: str
    why: str
    count: int = 0
    amounts: dict[str, int] = field(default_factory=dict)
    examples: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Preflight:
    """What would become of the disputes now; `items` are the ids and versions of those that it is done to."""

    groups: list[PreflightGroup]
    items: list[tuple[int, int]]

    @property
    def digest(self) -> str:
        """Which disputes these are, and how they stood, as a short text."""
        return hashlib.sha256(json.dumps(self.items).encode()).hexdigest()[:32]


_EXAMPLES = 5


def preflight(
    session: Session, request: BulkRequest, ids: Sequence[int], *, at: datetime, actor: Actor, settings: Settings
) -> Preflight:
    """What would become of each now, by what is known without taking it; each is looked at again when it is done.

    Raises Invalid for what would be refused in each of them.
    """
    actor.require(PERMISSIONS[request.what])
    if len(ids) > MOST:
        raise Invalid(phrase("At most %(MOST)s at once.", MOST=MOST))
    if request.what == "ask":
        handling.require_filled(request.body)
    columns = (Dispute.id, Dispute.ref, Dispute.version, Dispute.status, Dispute.assignee_id, Dispute.paused_at)
    of_escrow = (
        Escrow.status.label("escrow_status"),
        Escrow.freezes,
        Escrow.amount,
        Escrow.currency,
        Escrow.release_at,
    )
    query = select(*columns, *of_escrow).join(Escrow, Escrow.id == Dispute.escrow_id)
    rows = session.execute(query.where(one_of(session, Dispute.id, list(ids))).order_by(Dispute.id)).all()
    stopped = kill_switch.disabled_reason(session) if request.moves_money else ""
    left: dict[str, int] = {}
    groups: dict[tuple[str, str], PreflightGroup] = {}
    items: list[tuple[int, int]] = []
    for row in rows:
        outcome, why = "done", _disabled_reason(request, row, stopped)
        if why:
            outcome = "skipped"
        elif request.what == "decide":
            if row.currency not in left:
                left[row.currency] = limits.left(session, actor, row.currency, at, settings)
            if row.amount > left[row.currency]:
                outcome, why = "proposed", phrase("above your limit: a second person decides")
            else:
                left[row.currency] -= row.amount
                why = _afterwards(request, row, at)
        _add(groups.setdefault((outcome, why), PreflightGroup(outcome, why)), row)
        if outcome != "skipped":
            items.append((row.id, row.version))
    order = ("done", "proposed", "skipped")
    return Preflight(sorted(groups.values(), key=lambda group: (order.index(group.outcome), -group.count)), items)


def _add(group: PreflightGroup, row: Any) -> None:
    group.count += 1
    group.amounts[row.currency] = group.amounts.get(row.currency, 0) + row.amount
    if len(group.examples) < _EXAMPLES:
        group.examples.append((row.id, row.ref))


def _disabled_reason(request: BulkRequest, row: Any, stopped: str) -> str:
    """Why it can't be done to this one; empty when nothing is known that is in the way."""
    if row.status in CLOSED_DISPUTES:
        return phrase("closed already")
    if request.what == "assign":
        return phrase("has this person already") if row.assignee_id == request.user_id else ""
    if row.status == DisputeStatus.PENDING_APPROVAL:
        return phrase("a decision waits for approval")
    if not request.moves_money:
        return ""
    if row.escrow_status != EscrowStatus.HELD:
        return phrase("its escrow is not held any more")
    return phrase("its escrow is frozen for another reason too") if row.freezes > 1 else stopped


def _afterwards(request: BulkRequest, row: Any, at: datetime) -> str:
    """What a decision that moves nothing lets go on; empty when that is nothing that happens soon."""
    is_due = row.escrow_status == EscrowStatus.HELD and row.release_at is not None and row.release_at <= at
    if request.resolution != Resolution.NO_FAULT or not is_due or row.freezes > 1:
        return ""
    return phrase("its time has come: the next run pays the seller")


def start(
    session: Session, request: BulkRequest, items: Sequence[tuple[int, int]], *, at: datetime, actor: Actor
) -> Run:
    """A run that does it to each, in this person's name. Raises NotAllowed, Invalid and Conflict."""
    actor.require(PERMISSIONS[request.what])
    if actor.kind != "user" or actor.id is None:
        raise NotAllowed(phrase("This is for people: a token has no account."))
    if len(items) > MOST:
        raise Invalid(phrase("At most %(MOST)s at once.", MOST=MOST))
    if not items:
        raise Conflict(phrase("Nothing is left to do: each of them would be skipped."))
    asked = {"action": ACTION, "by": actor.id, "request": asdict(request), "items": [list(item) for item in items]}
    return runs.queue_run(session, JOB, actor, Trigger.MANUAL, at, database_now(session), parameters=asked)


def unnamed(session: Session, run: Run) -> list[int]:
    """The disputes of a run's request that it has not named yet, in order; a retry takes those that failed before."""
    items: list[tuple[int, int]] = (run.parameters or {})["items"]
    named = set(session.scalars(select(RunItem.subject_id).where(RunItem.run_id == run.id)))
    if run.trigger == Trigger.RETRY:
        failed = select(RunItem.subject_id).where(RunItem.run_id == run.parent_id, RunItem.outcome == "failed")
        named |= {number for number, _version in items} - set(session.scalars(failed))
    return [number for number, _version in items if number not in named]


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What came of one: `outcome` is `done` or `proposed`; `amounts` were paid out, in minor units by currency."""

    outcome: str
    sentence: str
    amounts: dict[str, int] = field(default_factory=dict)


def perform(
    session: Session, request: BulkRequest, dispute_id: int, version: int, *, actor: Actor, settings: Settings
) -> BulkResult:
    """Do it to one that is as it was then. Raises a Refusal that says why not."""
    at = database_now(session)
    if request.what == "decide":
        return _decide(session, request, dispute_id, version, at, actor, settings)
    if request.what == "ask":
        actor.require("dispute:work")
        lookup.require_version(locks.locked_open(session, dispute_id), version, "dispute")
        handling.ask(session, dispute_id, request.side, request.body, at=at, actor=actor, settings=settings)
        return BulkResult("done", phrase("The party is asked."))
    handling.assign(session, dispute_id, request.user_id, at=at, actor=actor)
    return BulkResult("done", phrase("Assigned."))


def requester(session: Session, user_id: int, run_id: int) -> Actor:
    """Who asked for the run, with the rights that this person has now: none for one who is disabled."""
    return users.actor_of(lookup.by_id(session, User, user_id, "user"), request_id=f"run-{run_id}")


def _decide(
    session: Session,
    request: BulkRequest,
    dispute_id: int,
    version: int,
    at: datetime,
    actor: Actor,
    settings: Settings,
) -> BulkResult:
    resolution = DisputeResolution(request.resolution, request.code, request.reason)
    decided = disputes.resolve(session, dispute_id, resolution, version=version, at=at, actor=actor, settings=settings)
    if not decided.executed:
        return BulkResult("proposed", decided.sentence)
    if not request.moves_money:
        return BulkResult("done", decided.sentence)
    of_it = select(Escrow.currency, Escrow.amount).join(Dispute, Dispute.escrow_id == Escrow.id)
    currency, amount = session.execute(of_it.where(Dispute.id == dispute_id)).one()
    return BulkResult("done", decided.sentence, {currency: amount})
