"""Evidence: taken in with care, and sent only as an attachment that no browser runs."""

from pathlib import Path
from typing import Any

from flask import Response, request, send_file
from flask_babel import gettext as _

from webapp import clock
from webapp.admin.disputes.forms import FileForm, TextForm
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.screen import Screen, page
from webapp.domain.numbers import parse_whole
from webapp.errors import NotFound
from webapp.models import Evidence
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.security.headers import allow_own_frames
from webapp.services.disputes import disputes, evidence
from webapp.services.read_models.dispute_detail import MOST
from webapp.settings_parts.evidence_store import StoredFile

PREVIEWED = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""Kinds that a page may show inside an <img>."""
FRAMED = "application/pdf"
"""What a page may show in a frame; everything else is only downloaded."""
_SHOWN_TEXT = 100_000
_IN_FRAME = {
    "Content-Security-Policy": "default-src 'none'; object-src 'self'; frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
}


class EvidenceActions(Screen):
    """The evidence of a dispute."""

    @page("/<int:dispute_id>/evidence/<int:evidence_id>", permission="dispute:read")
    def download(self, dispute_id: int, evidence_id: int) -> Response:
        """A file as it was sent, as an attachment under a policy that lets nothing in it run."""
        found, path = self._content(dispute_id, evidence_id)
        kind = (
            found.media_type if found.media_type in (*PREVIEWED, FRAMED, "text/plain") else "application/octet-stream"
        )
        response = _sent(found, path, kind, as_attachment=True)
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response

    @page("/<int:dispute_id>/evidence/<int:evidence_id>/frame", permission="dispute:read")
    def frame(self, dispute_id: int, evidence_id: int) -> Response:
        """A PDF for a frame of the desk's own pages, which nobody else's may have, and that loads nothing.

        Chromium shows no PDF in a sandboxed frame, whatever else that allows (seen with 156): what holds it is that it
        is read as a PDF and as nothing else, loads nothing, and that the page's frames go nowhere but to the desk.
        """
        found, path = self._content(dispute_id, evidence_id)
        if found.media_type != FRAMED:
            raise NotFound(_("There is no such evidence."))
        response = _sent(found, path, FRAMED, as_attachment=False)
        response.headers.update(_IN_FRAME)
        return response

    @page("/<int:dispute_id>/evidence/<int:evidence_id>/view", permission="dispute:read")
    def view(self, dispute_id: int, evidence_id: int) -> Any:
        """A piece of evidence, large; with `beside` another one next to it."""
        allow_own_frames()
        other = parse_whole(request.args.get("beside", ""))
        with self.reading() as session:
            dispute = disputes.get(session, dispute_id)
            pieces = evidence.listed(session, dispute_id, after=0, limit=MOST)
        numbers = [piece.id for piece in pieces]
        if evidence_id not in numbers:
            raise NotFound(_("There is no such evidence."))
        place = numbers.index(evidence_id)
        shown = [piece for piece in (pieces[place], *pieces) if piece is pieces[place] or piece.id == other]
        return self.render(
            "disputes/evidence_view.html",
            dispute=dispute,
            pieces=pieces,
            shown=list(dict.fromkeys(shown)),
            texts={piece.id: self._text_of(dispute_id, piece) for piece in shown},
            before=numbers[place - 1] if place else None,
            after=numbers[place + 1] if place + 1 < len(numbers) else None,
            previewed=PREVIEWED,
            framed=FRAMED,
        )

    def _content(self, dispute_id: int, evidence_id: int) -> tuple[Evidence, StoredFile]:
        with self.reading() as session:
            evidence.require_of(session, dispute_id, evidence_id)
            return evidence.content(session, evidence_id, self._folder())

    def _text_of(self, dispute_id: int, piece: Evidence) -> str | None:
        """What a text says, its beginning; None for everything else."""
        if piece.stored_as is None or piece.media_type != "text/plain":
            return piece.body
        path = self._content(dispute_id, piece.id)[1]
        return path.read_bytes()[: 4 * _SHOWN_TEXT].decode("utf-8", "ignore")[:_SHOWN_TEXT]

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
            "Pictures, PDF, office documents and plain text, up to %(size)s MB. What it is, is told by its content, "
            "not by its name. HEIC and office documents are kept as downloads.",
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


def _sent(found: Evidence, path: StoredFile, kind: str, *, as_attachment: bool) -> Response:
    response = send_file(
        path if isinstance(path, Path) else path.open("rb"),
        mimetype=kind,
        as_attachment=as_attachment,
        download_name=found.name,
        max_age=0,
    )
    response.headers["Cache-Control"] = "no-store"  # send_file's own would let a browser keep a copy
    return response
