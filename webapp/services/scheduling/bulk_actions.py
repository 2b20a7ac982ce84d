"""What can be asked for many runs at once: retry those that went wrong, cancel those that wait."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.states import RunStatus
from webapp.domain.words import phrase
from webapp.errors import Invalid
from webapp.models import Run
from webapp.services.scheduling import runs
from webapp.sql import database_now

MOST = 500
"""Runs that one request covers at most, the newest first."""


@dataclass(frozen=True)
class BulkAction:
    """Which runs a request is about, and what is done to each."""

    which: ColumnElement[bool]
    action: Callable[[Session, int, Actor], Any]


def matching(session: Session, parameters: dict[str, Any]) -> list[int]:
    """The runs that a request means: of one job, or of all. Raises Invalid for a request that nobody can make."""
    query = select(Run.id).where(_bulk_action(parameters).which, ~Run.dry_run)
    if parameters.get("job"):
        query = query.where(Run.job == parameters["job"])
    return list(session.scalars(query.order_by(Run.id.desc()).limit(MOST)))


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


BULK_ACTIONS = {
    "retry": BulkAction(Run.status.in_([RunStatus.FAILED, RunStatus.LOST]), _retry),
    "cancel": BulkAction(Run.status == RunStatus.QUEUED, _cancel),
}
