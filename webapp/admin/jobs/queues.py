"""Queues and workers: what waits, who works, and what is done for many runs at once."""

from datetime import timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from redis.exceptions import RedisError
from wtforms import SelectField

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.job_names import titled
from webapp.admin.ui.screen import Screen, page
from webapp.jobs.engine.queue import enqueue_after_commit, queue
from webapp.jobs.engine.rq_cleanup import registries
from webapp.models import Process
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.monitoring import clock_skew
from webapp.services.scheduling import bulk_actions, processes, queue_lists, runs, schedules
from webapp.services.scheduling.queue_depth import waiting


class BulkRunForm(DeskForm):
    """What to do with many runs, of one job or of all."""

    action = SelectField(
        _l("What"),
        choices=[
            ("retry", _l("Retry every run that failed or was lost")),
            ("cancel", _l("Cancel every run that waits")),
        ],
    )
    job = SelectField(_l("Of"), choices=[], validate_choice=False)


class QueueScreen(Screen):
    """The queue from the database and from Redis, and the processes."""

    slug = "queues"
    title = _l("Queues and workers")
    permission = "job:read"
    group = "operations"
    icon = "layers"
    order = 20

    @page("/")
    def index(self) -> Any:
        """How much waits and who works on it. Without Redis it shows what the database knows."""
        now = clock.now()
        with self.reading() as session:
            values = {
                "waiting": waiting(session, now),
                "unfinished": queue_lists.unfinished(session),
                "throughput": queue_lists.throughput(session, now),
                "processes": processes.all_processes(session),
            }
        patience = timedelta(seconds=runtime().settings.silence_seconds)
        return self.render(
            "jobs/queues.html",
            now=now,
            patience=patience,
            most_skew_ms=clock_skew.most(runtime().settings) / timedelta(milliseconds=1),
            skew_of=_skew,
            shown=queue_lists.SHOWN,
            redis=_redis(),
            **values,
        )

    @action("/many", permission="job:run", form=BulkRunForm)
    def many(self, form: BulkRunForm) -> Done:
        """Retry or cancel many runs, in a run of its own."""
        parameters = {"action": form.text("action"), "job": form.text("job") or None}
        with self.transaction() as session:
            if parameters["job"]:
                schedules.get(session, str(parameters["job"]))
            run = runs.trigger(session, "purge_expired", actor=current_actor(), parameters=parameters)
            enqueue_after_commit(runtime(), session, run)
        return _("Run %(number)s sees to it.", number=run.id), url_for("runs.one", run_id=run.id)

    @many.confirmation
    def _confirm_many(self) -> ActionPage:
        with self.reading() as session:
            jobs = [each.job for each in schedules.all_schedules(session)]
        summary = _(
            "A run of its own does it in the background, for at most %(most)s runs, the newest first. "
            "Its page names each run and what became of it.",
            most=bulk_actions.MOST,
        )
        choices = [("", _("every job")), *[(job, titled(job)) for job in jobs]]
        return ActionPage(
            _("Retry or cancel many runs"),
            self.at(),
            summary,
            _("Do it in the background"),
            prepare=lambda form: setattr(form.job, "choices", choices),
        )

    @action("/<int:run_id>/cancel", permission="job:run")
    def cancel(self, run_id: int, form: DeskForm) -> Done:
        """Cancel one run that waits."""
        with self.transaction() as session:
            runs.cancel(session, run_id, actor=current_actor(), at=clock.now())
        return _("Run %(number)s is cancelled.", number=run_id)

    @cancel.confirmation
    def _confirm_cancel(self, run_id: int) -> ActionPage:
        with self.reading() as session:
            run = runs.get(session, run_id)
        summary = _("The run of %(job)s ends before it begins; its slot counts as not done.", job=titled(run.job))
        title = _("Cancel run %(number)s", number=run_id)
        return ActionPage(title, self.at(), summary, _("Cancel the run"), danger=True)


def _skew(process: Process) -> str:
    """How far the clock of a process is off, in a sentence without its end."""
    return clock_skew.in_words(timedelta(milliseconds=process.skew_ms), process.host)


def _redis() -> dict[str, int] | None:
    """How many entries Redis has of each kind; None while it does not answer."""
    redis = runtime().redis
    try:
        counts = {"queued": queue(redis).count, "started": len(queue(redis).started_job_registry)}
        return counts | {name: len(registry) for name, registry in registries(redis)}
    except RedisError:
        return None
