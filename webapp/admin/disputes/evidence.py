"""Evidence: taken in with care, and sent only as an attachment that no browser runs."""

from pathlib import Path
from typing import Any

from flask import Response, send_file
from flask_babel import gettext as _

from webapp import clock
from webapp.admin.disputes.forms import FileForm, TextForm
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.screen import Screen, page
from webapp.errors import NotFound
from webapp.models import Evidence
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.disputes import disputes, evidence

PREVIEWED = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""Kinds that a page may show inside an <img>; everything else is only downloaded."""


class EvidenceActions(Screen):
    """The evidence of a dispute."""

    @page("/<int:dispute_id>/evidence/<int:evidence_id>", permission="dispute:read")
    def download(self, dispute_id: int, evidence_id: int) -> Response:
        """A file as it was sent, as an attachment under a policy that lets nothing in it run."""
        with self.reading() as session:
            found, path = evidence.content(session, evidence_id, self._folder())
        if found.dispute_id != dispute_id:
            raise NotFound(_("There is no such evidence."))
        kind = (
            found.media_type
            if found.media_type in (*PREVIEWED, "application/pdf", "text/plain")
            else "application/octet-stream"
        )
        response = send_file(
            path if isinstance(path, Path) else path.open("rb"),
            mimetype=kind,
            as_attachment=True,
            download_name=found.name,
            max_age=0,
        )
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        response.headers["Cache-Control"] = "no-store"  # send_file's own would let a browser keep a copy
        return response

    @action(
        "/<int:dispute_id>/evidence/file",
        permission="dispute:work",
        form=FileForm,
        template="disputes/evidence.html",
    )
    def file(self, dispute_id: int, form: FileForm) -> Done:
        """Attach a file."""
        sent = form.file.data
        data = sent.stream.read(runtime().settings.evidence_max_megabytes * 1024 * 1024 + 1)
        with self.transaction() as session:
            evidence.attach_file(
                session,
                dispute_id,
                side=form.side.data,
                name=sent.filename or "",
                data=data,
                folder=self._folder(),
                at=clock.now(),
                actor=current_actor(),
                settings=runtime().settings,
            )
        return _("The file is staged. Submit it to make it part of the case.")

    @file.confirmation
    def _confirm_file(self, dispute_id: int) -> ActionPage:
        size = runtime().settings.evidence_max_megabytes
        summary = _(
            "Pictures, PDF and plain text, up to %(size)s MB. What it is, is told by its content, not by its name.",
            size=size,
        )
        return ActionPage(
            _("Add a file to %(ref)s", ref=self._ref(dispute_id)),
            self.at("one", dispute_id=dispute_id),
            summary,
            _("Add file"),
        )

    @action("/<int:dispute_id>/evidence/text", permission="dispute:work", form=TextForm)
    def text(self, dispute_id: int, form: TextForm) -> Done:
        """Attach a text."""
        with self.transaction() as session:
            evidence.attach_text(
                session, dispute_id, side=form.side.data, body=form.text("body"), at=clock.now(), actor=current_actor()
            )
        return _("The text is staged. Submit it to make it part of the case.")

    @text.confirmation
    def _confirm_text(self, dispute_id: int) -> ActionPage:
        return ActionPage(
            _("Add a text to %(ref)s", ref=self._ref(dispute_id)),
            self.at("one", dispute_id=dispute_id),
            "",
            _("Add text"),
        )

    @action("/<int:dispute_id>/evidence/<int:evidence_id>/submit", permission="dispute:work")
    def submit(self, dispute_id: int, evidence_id: int, form: DeskForm) -> Done:
        """Make staged evidence part of the case."""
        with self.transaction() as session:
            evidence.submit(session, evidence_id, at=clock.now(), actor=current_actor())
        return _("It is part of the case now.")

    @submit.confirmation
    def _confirm_submit(self, dispute_id: int, evidence_id: int) -> ActionPage:
        with self.reading() as session:
            found = session.get(Evidence, evidence_id)
        if found is None or found.dispute_id != dispute_id:
            raise NotFound(_("There is no such evidence."))
        summary = _("%(name)s becomes part of the case, and can no longer be taken back.", name=found.name)
        return ActionPage(_("Submit evidence"), self.at("one", dispute_id=dispute_id), summary, _("Submit"))

    def _folder(self) -> Any:
        return runtime().evidence

    def _ref(self, dispute_id: int) -> str:
        with self.reading() as session:
            return disputes.get(session, dispute_id).ref
