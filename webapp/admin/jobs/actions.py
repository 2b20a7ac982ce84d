"""What people may do to a job: run it, pause it, resume it, change its schedule."""

from typing import Any

from flask import make_response, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from webapp import clock
from webapp.admin.jobs import money_runs
from webapp.admin.jobs.forms import PauseForm, ScheduleForm
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.badges import badge
from webapp.admin.ui.formatting import when
from webapp.admin.ui.job_names import job_title
from webapp.admin.ui.screen import Screen
from webapp.jobs.engine.queue import enqueue_after_commit
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.scheduling import runs, schedules
from webapp.services.scheduling.schedules import ScheduleChanges


class JobActions(Screen):
    """The actions of a job."""

    @action("/<job>/run", permission="job:run", template="jobs/run_now.html")
    def run_now(self, job: str, form: DeskForm) -> Done:
        """Run it now, and show the run."""
        return self._run(job, dry_run=False)

    @run_now.confirmation
    def _confirm_run(self, job: str) -> ActionPage:
        summary = _("%(job)s runs now, besides its schedule. It does what is due, once.", job=job)
        page = self._action_page(job, _("Run now: %(job)s", job=job_title(job)), summary, _("Run %(job)s now", job=job))
        with self.reading() as session:
            if not schedules.get(session, job).moves_money:
                return page
            return money_runs.describe(session, page, job, clock.now())

    @action("/<job>/dry-run", permission="job:run")
    def dry_run(self, job: str, form: DeskForm) -> Done:
        """Run it without changing anything, and show what it would do."""
        return self._run(job, dry_run=True)

    @dry_run.confirmation
    def _confirm_dry_run(self, job: str) -> ActionPage:
        summary = _("A dry run of %(job)s counts and adds up what a run would do. Nothing is changed.", job=job)
        return self._action_page(job, _("Dry run: %(job)s", job=job_title(job)), summary, _("Start the dry run"))

    @action("/<job>/pause", permission="job:pause", form=PauseForm)
    def pause(self, job: str, form: PauseForm) -> Done:
        """Plan no runs for a while."""
        until: Any = form.until.data
        with self.transaction() as session:
            schedules.pause(session, job, form.text("why"), actor=current_actor(), at=clock.now(), until=until)
        return _("%(job)s is paused. People can still run it.", job=job)

    @pause.confirmation
    def _confirm_pause(self, job: str) -> ActionPage:
        summary = _("No run of %(job)s is planned until it is resumed. What is due waits.", job=job)
        return self._action_page(job, _("Pause: %(job)s", job=job_title(job)), summary, _("Pause %(job)s", job=job))

    @action("/<job>/resume", permission="job:pause")
    def resume(self, job: str, form: DeskForm) -> Done:
        """Plan runs again."""
        with self.transaction() as session:
            schedules.resume(session, job, actor=current_actor(), at=clock.now())
        return _("%(job)s runs by its schedule again.", job=job)

    @resume.confirmation
    def _confirm_resume(self, job: str) -> ActionPage:
        summary = _("%(job)s is planned again from now on. Slots of the pause are recorded as missed.", job=job)
        return self._action_page(job, _("Resume: %(job)s", job=job_title(job)), summary, _("Resume %(job)s", job=job))

    @action(
        "/<job>/change",
        permission="schedule:manage",
        form=ScheduleForm,
        template="jobs/schedule_form.html",
    )
    def change(self, job: str, form: ScheduleForm) -> Done:
        """Change the schedule; the first button only shows what it would plan."""
        if request.form.get("step") != "save":
            return self._previewed(job, form)
        with self.transaction() as session:
            version = form.number("version")
            schedules.change(session, job, form.changes(), version=version, actor=current_actor(), at=clock.now())
        return _("The schedule of %(job)s is changed.", job=job)

    @change.confirmation
    def _confirm_change(self, job: str) -> ActionPage:
        with self.reading() as session:
            plan = schedules.get(session, job)
        values = {name: getattr(plan, name) for name in (*ScheduleChanges.__annotations__, "version")}
        return ActionPage(
            _("Schedule: %(job)s", job=job_title(job)), self.at("one", job=job), verb=_("Save"), values=values
        )

    def _previewed(self, job: str, form: ScheduleForm) -> Response:
        upcoming = schedules.preview(form.text("cron"), form.text("zone"), clock.now())
        shown = self.render(
            "jobs/schedule_form.html", action_page=self._confirm_change(job), form=form, refusal=None, upcoming=upcoming
        )
        return make_response(shown)

    def _run(self, job: str, *, dry_run: bool) -> Done:
        with self.transaction() as session:
            run = runs.trigger(session, job, actor=current_actor(), dry_run=dry_run)
            enqueue_after_commit(runtime(), session, run)
        message = _("Run %(number)s of %(job)s is queued.", number=run.id, job=job)
        return message, url_for("runs.one", run_id=run.id)

    def _action_page(self, job: str, title: str, summary: str, verb: str) -> ActionPage:
        with self.reading() as session:
            found = schedules.health_of(session, job, clock.now())
        last = found.last_run
        facts = [
            (_("State"), badge(found.state)),
            (_("Last run"), when(last.started_at or last.created_at) if last else _("none yet")),
            (_("Next run"), when(None if found.state == "paused" else found.next_slot)),
        ]
        return ActionPage(title, self.at("one", job=job), summary, verb, facts=facts)
