"""What can be asked for many runs at once: retry those that went wrong, or see to them, cancel those that wait."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.states import RunStatus
from webapp.domain.words import phrase
from webapp.errors import Invalid
from webapp.models import Run
from webapp.services.audit import trail
from webapp.services.scheduling import runs
from webapp.sql import database_now, one_of

MOST = 500
"""Runs that one request covers at most, the newest first."""
FAILED = and_(Run.status.in_([literal_column("'failed'"), literal_column("'lost'")]), Run.dismissed_at.is_(None))
"""The runs that failed or were lost and that nobody has taken off the list: written as their index is."""


@dataclass(frozen=True)
class RunFilter:
    """Which of the runs that an action is for a request means; None leaves that out."""

    job: str | None = None
    error: str | None = None
    """A part of its error, whatever the case."""
    named: Sequence[str] = ()
    """Jobs that the same words name: their runs are meant too, whatever the error."""
    since: datetime | None = None
    until: datetime | None = None
    """Queued from the one instant on and before the other."""
    ids: Sequence[int] | None = None

    def parameters(self) -> dict[str, Any]:
        """It as a run's parameters, for `of` to read."""
        days = {name: clock.iso(at) for name in ("since", "until") if (at := getattr(self, name)) is not None}
        ids, named = None if self.ids is None else list(self.ids), list(self.named) or None
        rest = {"job": self.job, "error": self.error, "named": named, "ids": ids}
        return days | {name: value for name, value in rest.items() if value is not None}

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "RunFilter":
        """What a run's parameters mean."""
        since, until = (clock.from_iso(at) if (at := parameters.get(name)) else None for name in ("since", "until"))
        job, error, named = parameters.get("job") or None, parameters.get("error"), tuple(parameters.get("named") or ())
        return cls(job, error, named, since, until, parameters.get("ids"))

    def conditions(self, session: Session) -> list[ColumnElement[bool]]:
        """What holds for the runs that it means."""
        found = [~Run.dry_run]
        found += [] if self.job is None else [Run.job == self.job]
        found += [] if self.error is None else [called(self.error, self.named)]
        found += [] if self.since is None else [Run.created_at >= self.since]
        found += [] if self.until is None else [Run.created_at < self.until]
        return found if self.ids is None else [*found, one_of(session, Run.id, list(self.ids))]


def called(words: str, named: Sequence[str]) -> ColumnElement[bool]:
    """Runs whose error has these words, or whose job is named by them."""
    return or_(Run.error.icontains(words, autoescape=True), Run.job.in_(named))


@dataclass(frozen=True)
class BulkAction:
    """Which runs a request is about, and what is done to each."""

    which: ColumnElement[bool]
    action: Callable[[Session, int, Actor], Any]


def matching(session: Session, parameters: dict[str, Any]) -> list[int]:
    """The runs that a request means, the newest first. Raises Invalid for a request that nobody can make."""
    which = RunFilter.of(parameters).conditions(session)
    query = select(Run.id).where(_bulk_action(parameters).which, *which)
    return list(session.scalars(query.order_by(Run.id.desc()).limit(MOST)))


def how_many(session: Session, action: str, which: RunFilter) -> int:
    """How many runs a request means; MOST + 1 stands for more."""
    some = select(Run.id).where(BULK_ACTIONS[action].which, *which.conditions(session)).limit(MOST + 1).subquery()
    return session.scalars(select(func.count()).select_from(some)).one()


def perform(session: Session, parameters: dict[str, Any], run_id: int, actor: Actor) -> None:
    """Do to one run what was asked. Raises a Refusal that says why not."""
    _bulk_action(parameters).action(session, run_id, actor)


def _bulk_action(parameters: dict[str, Any]) -> BulkAction:
    action = BULK_ACTIONS.get(str(parameters.get("action")))
    if action is None:
        raise Invalid(
            phrase("Ask to %(BULK_ACTIONS)s.", BULK_ACTIONS=" or ".join(BULK_ACTIONS)),
            fields={"action": phrase("Choose what to do.")},
        )
    return action


def _retry(session: Session, run_id: int, actor: Actor) -> None:
    run = runs.get(session, run_id)
    if run.failed:
        runs.retry(session, run_id, actor=actor)
    else:
        runs.repeat(session, run_id, actor=actor)


def _cancel(session: Session, run_id: int, actor: Actor) -> None:
    runs.cancel(session, run_id, actor=actor, at=database_now(session))


def _dismiss(session: Session, run_id: int, actor: Actor) -> None:
    actor.require("job:run")
    run = session.get_one(Run, run_id, with_for_update=True, populate_existing=True)
    if run.dismissed_at is None:
        run.dismissed_at = at = database_now(session)
        trail.record(session, actor, "run.dismiss", ("run", run_id), at=at, after={"job": run.job}, run_id=run_id)


BULK_ACTIONS = {
    "retry": BulkAction(FAILED, _retry),
    "dismiss": BulkAction(FAILED, _dismiss),
    "cancel": BulkAction(Run.status == RunStatus.QUEUED, _cancel),
}
