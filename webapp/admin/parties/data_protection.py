"""Data protection of a party: a copy of all that the desk keeps about it, and forgetting it."""

from collections.abc import Iterator

from flask import Response, stream_with_context
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.screen import Screen
from webapp.domain.actors import Actor
from webapp.errors import Conflict
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.data_protection import export as exports
from webapp.services.data_protection import forget as erasure
from webapp.services.data_protection.refusals import refusals
from webapp.services.parties import parties


class ForgetForm(DeskForm):
    """Why a party is forgotten, and its reference once more."""

    reason = TextAreaField(
        _l("Reason"),
        [DataRequired(_l("Say why it is forgotten: who asked for it, and when.")), Length(max=2000)],
        description=_l("Kept with the party: write nobody's name or address."),
    )
    confirmation = StringField(
        _l("The party's reference, to confirm"), [DataRequired(_l("Write the party's reference.")), Length(max=80)]
    )


class DataProtectionActions(Screen):
    """What a party may ask for by law."""

    @action("/<int:party_id>/export", permission=exports.PERMISSION)
    def export_data(self, party_id: int, form: DeskForm) -> Done:
        """Download everything about the party."""
        actor, at = current_actor(), clock.now()
        with self.transaction() as session:
            exports.record(session, party_id, at=at, actor=actor)
        return Response(
            stream_with_context(self._pieces(party_id, actor)),
            mimetype="application/json",
            headers={
                "Content-Disposition": f'attachment; filename="party-{party_id}-{at:%Y%m%d-%H%M}.json"',
                "X-Accel-Buffering": "no",
            },
        )

    @export_data.confirmation
    def _confirm_export_data(self, party_id: int) -> ActionPage:
        with self.reading() as session:
            party = parties.get(session, party_id)
        summary = _(
            "A file with all that the desk keeps about %(name)s: orders, escrows, disputes with messages, payments, "
            "payouts, what was sent, and what the audit trail says. It says what is left out, and why. Read it before "
            "you hand it over. That you took it is recorded.",
            name=party.name,
        )
        back = self.at("one", party_id=party_id)
        return ActionPage(_("Data of %(name)s", name=party.name), back, summary, _("Download the file"))

    def _pieces(self, party_id: int, actor: Actor) -> Iterator[str]:
        with self.reading() as session:
            yield from exports.export(session, party_id, at=clock.now(), actor=actor)

    @action("/<int:party_id>/forget", permission=erasure.PERMISSION, form=ForgetForm, reauthenticate=True)
    def forget(self, party_id: int, form: ForgetForm) -> Done:
        """Replace the party's personal data for good."""
        desk = runtime()
        with self.transaction() as session:
            done = erasure.forget(
                session,
                party_id,
                form.text("reason"),
                confirmation=form.text("confirmation"),
                keys=desk.settings.audit_keys,
                folder=desk.evidence,
                at=clock.now(),
                actor=current_actor(),
            )
            ref = done.party.ref
        if not done.is_new:
            raise Conflict(_("%(ref)s is forgotten already: nothing was done.", ref=ref))
        return _("%(ref)s is forgotten. Its books are kept under this reference.", ref=ref)

    @forget.confirmation
    def _confirm_forget(self, party_id: int) -> ActionPage:
        with self.reading() as session:
            party, standing = parties.get(session, party_id), list(refusals(session, party_id))
        summary = _(
            "Name, email, telephone, payout accounts, claims, messages and evidence of %(ref)s are replaced wherever "
            "they stand, in audit records too. Its reference, amounts, dates and decisions stay: the books need them. "
            "This can't be undone.",
            ref=party.ref,
        )
        back = self.at("one", party_id=party_id)
        title = _("Forget %(name)s", name=party.name)
        return ActionPage(title, back, summary, _("Forget %(ref)s", ref=party.ref), True, comes_first=standing)
