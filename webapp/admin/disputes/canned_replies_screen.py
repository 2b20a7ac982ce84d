"""The page on which canned replies are kept: those that everybody uses, and one's own."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import case, func
from wtforms import BooleanField, Field, HiddenField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.late_words import read_late
from webapp.admin.ui.lists.columns import Column, choice
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.admin.ui.lists.listing import Listing
from webapp.domain.disputes.reply_placeholders import PLACEHOLDERS
from webapp.models import CannedReply
from webapp.security import current_actor
from webapp.security.context import current_person
from webapp.services.disputes import canned_replies
from webapp.services.disputes.canned_replies import LONGEST, NewReply

_WHOSE = case((CannedReply.owner_id.is_(None), "shared"), else_="own")


class CannedReplyForm(DeskForm):
    """A canned reply; only those who may share have the last field."""

    title = StringField(_l("Title"), [DataRequired(_l("Give it a title.")), Length(max=200)])
    body = TextAreaField(_l("Text"), [DataRequired(_l("Write something.")), Length(max=LONGEST)])
    shared = BooleanField(_l("Everybody may use it"))
    version = HiddenField()

    def validate_shared(self, field: Field) -> None:
        """Sharing takes a permission of its own."""
        if field.data and not current_actor().may("reply:share"):
            raise ValidationError(_("Only approvers and administrators share replies."))

    def reply(self) -> NewReply:
        """What was written."""
        return NewReply(self.text("title"), self.text("body"), "shared" in self and bool(self.shared.data))


class CannedReplyScreen(ListScreen):
    """Texts that are written once."""

    slug = "replies"
    title = _l("Canned replies")
    permission = "dispute:work"
    in_menu = False
    list_template = "disputes/canned_replies.html"
    intro = _l("Texts for messages to parties, written once. What stands in braces is filled in for each case.")
    empty = _l("No reply yet. Add one for what you write often; it can then be chosen wherever a message is written.")
    listing = Listing(
        key=CannedReply.id,
        sort="title",
        columns=(
            Column("title", _l("Title"), CannedReply.title, sort=True),
            Column("id", _l("Number"), CannedReply.id, shown=False),
            Column("body", _l("Text"), func.substr(CannedReply.body, 1, 200)),
            Column("whose", _l("Whose"), _WHOSE, kind="badge"),
            Column("changed_by", _l("Changed by"), CannedReply.changed_by),
            Column("changed_at", _l("Changed"), CannedReply.changed_at, kind="when"),
        ),
        filters=(choice("whose", _l("Whose"), _WHOSE, [("shared", _l("Everybody's")), ("own", _l("My own"))]),),
        search=lambda words: func.lower(CannedReply.title).contains(words.lower(), autoescape=True),
        search_hint=_l("Title"),
    )

    def conditions(self) -> tuple[Any, ...]:
        """The shared ones and one's own."""
        return (canned_replies.visible_to(current_person()[0].id),)

    @action("/add", permission="dispute:work", form=CannedReplyForm, template="disputes/canned_reply.html")
    def add(self, form: CannedReplyForm) -> Done:
        """Keep a reply."""
        with self.transaction() as session:
            row = canned_replies.add(
                session, current_person()[0].id, form.reply(), at=clock.now(), actor=current_actor()
            )
        return _("The reply %(title)s is kept.", title=row.title)

    @add.confirmation
    def _confirm_add(self) -> ActionPage:
        values = {"body": request.args.get("body", "")[:LONGEST]}
        return ActionPage(
            _("Add a reply"), self.at(), "", _("Keep it"), values=values, prepare=_prepare, facts=_placeholders()
        )

    @action(
        "/<int:reply_id>/change", permission="dispute:work", form=CannedReplyForm, template="disputes/canned_reply.html"
    )
    def change(self, reply_id: int, form: CannedReplyForm) -> Done:
        """Change a reply's words, or share it."""
        with self.transaction() as session:
            row = canned_replies.change(
                session,
                reply_id,
                current_person()[0].id,
                form.reply(),
                version=form.number("version"),
                at=clock.now(),
                actor=current_actor(),
            )
        return _("The reply %(title)s is kept.", title=row.title)

    @change.confirmation
    def _confirm_change(self, reply_id: int) -> ActionPage:
        row = self._reply(reply_id)
        values = {"title": row.title, "body": row.body, "shared": row.owner_id is None, "version": row.version}
        title = _("Change the reply %(title)s", title=row.title)
        return ActionPage(title, self.at(), "", _("Save"), values=values, prepare=_prepare, facts=_placeholders())

    @action("/<int:reply_id>/remove", permission="dispute:work")
    def remove(self, reply_id: int, form: DeskForm) -> Done:
        """Take a reply away."""
        with self.transaction() as session:
            title = canned_replies.remove(
                session, reply_id, current_person()[0].id, at=clock.now(), actor=current_actor()
            )
        return _("The reply %(title)s is gone.", title=title)

    @remove.confirmation
    def _confirm_remove(self, reply_id: int) -> ActionPage:
        row = self._reply(reply_id)
        summary = (
            _("Nobody can choose it any more. What was sent with it stays.")
            if row.owner_id is None
            else _("You can't choose it any more. What was sent with it stays.")
        )
        return ActionPage(
            _("Remove the reply %(title)s", title=row.title), self.at(), summary, _("Remove"), danger=True
        )

    def _reply(self, reply_id: int) -> CannedReply:
        with self.reading() as session:
            return canned_replies.get(session, reply_id, current_person()[0].id)


def _prepare(form: CannedReplyForm) -> None:
    """Who may not share is not asked."""
    if not current_actor().may("reply:share") and "shared" in form:
        del form.shared


def _placeholders() -> list[tuple[Any, Any]]:
    return [(f"{{{name}}}", words) for name, words in read_late(PLACEHOLDERS)]
