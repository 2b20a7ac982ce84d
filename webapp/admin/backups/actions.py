"""What people do about backups: make one now, and prove one that is there by restoring it."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _

from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.errors import Conflict
from webapp.jobs.engine.queue import enqueue_after_commit
from webapp.jobs.periodic.back_up import DRILL, JOB
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.backups import overview, records
from webapp.services.scheduling import runs


class BackupActions(ListScreen):
    """Each is a run of `back_up`, in the background and on the record."""

    @action("/back-up", permission="job:run")
    def back_up(self, form: DeskForm) -> Done:
        """Make one now."""
        if why := overview.why_no_backup(runtime().settings):
            raise Conflict(why)
        return self._run(None, _("Run %(number)s makes a backup and proves it."))

    @back_up.confirmation
    def _confirm_back_up(self) -> ActionPage:
        settings = runtime().settings
        summary = _(
            "The database as it is now and the files of evidence are saved into one file, which is then restored into "
            "a scratch database and looked at there. Everybody works on meanwhile. The oldest backups beyond those "
            "that are kept go."
        )
        encrypted = _("yes") if settings.backup_key else _("no: no BACKUP_KEY is set")
        facts = [(_("Into"), str(settings.backup_folder.resolve())), (_("Encrypted"), encrypted)]
        return ActionPage(_("Back up now"), self.at(), summary, _("Back up now"), facts=facts)

    @action("/<int:backup_id>/drill", permission="job:run")
    def drill(self, backup_id: int, form: DeskForm) -> Done:
        """Restore one into a scratch database and look at it there."""
        with self.reading() as session:
            records.require_file(records.get(session, backup_id))
        return self._run({DRILL: backup_id}, _("Run %(number)s restores the backup and looks at it."))

    @drill.confirmation
    def _confirm_drill(self, backup_id: int) -> ActionPage:
        with self.reading() as session:
            backup = records.get(session, backup_id)
        summary = _(
            "Its file is read to the end, restored into a scratch database, and looked at there: rows of every table, "
            "the ledger, the audit trail, files of evidence. The desk's own database is not touched, and nothing is "
            "kept of the copy."
        )
        return ActionPage(
            _("Restore drill of backup %(number)s", number=backup.id),
            self.at("one", backup_id=backup_id),
            summary,
            _("Restore it and look"),
            facts=[(_("File"), backup.file)],
        )

    def _run(self, parameters: dict[str, Any] | None, message: str) -> Done:
        with self.transaction() as session:
            run = runs.trigger(session, JOB, actor=current_actor(), parameters=parameters)
            enqueue_after_commit(runtime(), session, run)
        return message % {"number": run.id}, url_for("runs.one", run_id=run.id)
