"""Actions that are done by a run of their own: the run is handed to the workers, and shown."""

from collections.abc import Callable

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp.admin.ui.screen import Screen
from webapp.jobs.engine.queue import enqueue_after_commit
from webapp.models import Run
from webapp.security.context import runtime


def started(screen: Screen, trigger: Callable[[Session], Run]) -> tuple[str, str]:
    """What the action answers: a sentence, and the address of its run."""
    with screen.transaction() as session:
        run = trigger(session)
        enqueue_after_commit(runtime(), session, run)
    message = _("Run %(number)s of %(job)s is queued.", number=run.id, job=run.job)
    return message, url_for("runs.one", run_id=run.id)
