"""Backups: each with when, size, how long it took, and whether it is proven or why not."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import case, func, null

from webapp.admin.backups.actions import BackupActions
from webapp.admin.ui.actions.action_links import action_link
from webapp.admin.ui.formatting import number
from webapp.admin.ui.lists.columns import Column, choice, since
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.screen import page
from webapp.domain.states import BackupProof
from webapp.models import Backup
from webapp.security.context import runtime
from webapp.services.backups import overview, records

_PROOF = case(
    (Backup.proof == BackupProof.PROVEN, "proven"),
    (Backup.proof == BackupProof.FAILED, "not_whole"),
    (Backup.proof == BackupProof.IMPOSSIBLE, "not_proven"),
    else_=null(),
)


class BackupScreen(BackupActions):
    """One row per backup."""

    slug = "backups"
    title = _l("Backups")
    permission = "job:read"
    group = "desk"
    icon = "layers"
    order = 35
    list_template = "backups/backups.html"
    intro = _l("Every night the database and the evidence are saved into one file, and that is proven by restoring it.")
    empty = _l("No backup yet. The job back_up makes one each night; “Back up now” makes one at once.")
    listing = Listing(
        key=Backup.id,
        columns=(
            Column(
                "id",
                _l("Number"),
                Backup.id,
                kind="ref",
                sort=True,
                link=lambda row: url_for("backups.one", backup_id=row.id),
            ),
            Column("started_at", _l("When"), Backup.started_at, kind="when", sort=Backup.id),
            Column("status", _l("State"), Backup.status, kind="badge"),
            Column("proof", _l("Restored and whole"), _PROOF, kind="badge"),
            Column("why_not", _l("Why not"), func.coalesce(Backup.error, Backup.proof_reason), sparse=True),
            Column("size", _l("Size"), Backup.size, kind="size"),
            Column("finished_at", _l("Took"), Backup.finished_at, kind="took"),
            Column("rows", _l("Rows"), Backup.rows, kind="number"),
            Column("evidence_files", _l("Files of evidence"), Backup.evidence_files, kind="number", shown=False),
            Column("proof_at", _l("Restored"), Backup.proof_at, kind="when", shown=False),
            Column("file", _l("File"), Backup.file, shown=False),
            Column("folder", _l("Folder"), Backup.folder, shown=False),
            Column("host", _l("Machine"), Backup.host, shown=False),
            Column("sha256", _l("SHA-256"), Backup.sha256, shown=False),
            Column("run_id", _l("Run"), Backup.run_id, shown=False),
        ),
        filters=(
            choice(
                "status",
                _l("State"),
                Backup.status,
                [
                    ("kept", _l("kept")),
                    ("removed", _l("removed")),
                    ("failed", _l("failed")),
                    ("making", _l("being made")),
                ],
            ),
            choice(
                "proof",
                _l("Restored and whole"),
                Backup.proof,
                [("proven", _l("proven")), ("failed", _l("not whole")), ("impossible", _l("not proven"))],
            ),
            since("from", _l("Since"), Backup.started_at),
        ),
        search=lambda words: Backup.file == words,
        search_hint=_l("A file's name"),
    )

    def around(self, session: Any) -> dict[str, Any]:
        """How it stands, and what can be done."""
        settings = runtime().settings
        found, reason = overview.read(session, settings), overview.why_no_backup(settings)
        links = [action_link("back_up", _("Back up now"), "play", "job:run", reason, tone="primary")]
        if found.newest is not None:
            drill = self.at("drill", backup_id=found.newest.id)
            why = overview.why_no_drill(found.newest)
            links.append(action_link("drill", _("Restore drill"), "refresh", "job:run", why, address=drill))
        return {"overview": found, "off": reason, "action_links": links}

    @page("/<int:backup_id>")
    def one(self, backup_id: int) -> Any:
        """A backup: what is in it, where its file lies, whether it is proven."""
        with self.reading() as session:
            backup = records.get(session, backup_id)
        reason = overview.why_no_drill(backup)
        return self.render(
            "backups/backup.html",
            backup=backup,
            audit_heads=[
                (chain, f"{number(head['seq'])} · {head['hash']}") for chain, head in sorted(backup.heads.items())
            ],
            heading=_("Backup %(number)s", number=backup.id),
            action_links=[action_link("drill", _("Restore drill"), "refresh", "job:run", reason)],
        )
