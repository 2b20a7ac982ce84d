"""The audit trail: who did what to which thing, before and after, and whether the chain is whole."""

import json
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import false
from wtforms import BooleanField

from webapp.admin.ui.actions.action_links import action_link
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.lists.columns import Column, Filter, choice, since, until
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.screen import page
from webapp.admin.ui.subject_links import address_of
from webapp.admin.ui.timeline import ACTION_LABELS, action_in_words
from webapp.jobs.engine.queue import enqueue_after_commit
from webapp.jobs.periodic.verify import AUDIT_JOB, FROM_FIRST
from webapp.models import Audit
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.audit import verdicts
from webapp.services.audit.search import about, by_actor
from webapp.services.audit.search_by_role import KNOWN, by_role
from webapp.services.common import lookup
from webapp.services.scheduling import runs


class VerifyForm(DeskForm):
    """From where the chain is walked."""

    from_first = BooleanField(_l("From the first seal, not only what came after the last walk"))


class AuditScreen(ListScreen):
    """Everything people and jobs did."""

    slug = "audit"
    title = _l("Audit")
    permission = "audit:read"
    group = "record"
    icon = "book"
    order = 10
    list_template = "audit/audit_log.html"
    intro = _l("Every change by a person or a job, sealed into a chain that shows if one is altered.")
    empty = _l("No record is like this. Every change by a person or a job leaves one here.")
    listing = Listing(
        key=Audit.id,
        columns=(
            Column("at", _l("When"), Audit.at, kind="when"),
            Column("actor_name", _l("Who"), Audit.actor_name),
            Column("role", _l("As"), Audit.role),
            Column("actor", _l("Actor"), Audit.actor, shown=False),
            Column(
                "action", _l("Action"), Audit.action, kind="ref", link=lambda row: url_for("audit.one", audit_id=row.id)
            ),
            Column("subject_kind", _l("Thing"), Audit.subject_kind),
            Column("subject_id", "", Audit.subject_id, shown=False),
            Column("reason", _l("Reason"), Audit.reason),
            Column("origin", _l("From"), Audit.origin, shown=False),
            Column("request_id", _l("Request"), Audit.request_id, shown=False),
            Column("before", _l("Before"), Audit.before, shown=False),
            Column("after", _l("After"), Audit.after, shown=False),
            Column("id", _l("Number"), Audit.id, shown=False),
        ),
        filters=(
            Filter("actor", _l("Who"), by_actor),
            Filter(
                "role",
                _l("As"),
                lambda role: by_role(role) if role in KNOWN else false(),
                kind="choice",
                choices=[(role, role) for role in KNOWN],
            ),
            choice(
                "action",
                _l("Action"),
                Audit.action,
                lambda: [(name, f"{words} ({name})") for name, (words, _tone, _icon) in sorted(ACTION_LABELS.items())],
            ),
            since("from", _l("From"), Audit.at),
            until("until", _l("Until"), Audit.at),
        ),
        search=about,
        search_hint=_l("Reference of a thing, or a user's email"),
    )

    def around(self, session: Any) -> dict[str, Any]:
        """How things are called and where they are shown."""
        return {"in_words": action_in_words, "address": address_of}

    @page("/<int:audit_id>")
    def one(self, audit_id: int) -> Any:
        """A record: before and after, side by side."""
        with self.reading() as session:
            record = lookup.by_id(session, Audit, audit_id, "record")
        before, after = _read(record.before), _read(record.after)
        changes = [(name, before.get(name), after.get(name)) for name in sorted(before.keys() | after.keys())]
        return self.render(
            "audit/audit_record.html",
            record=record,
            changes=changes,
            words=action_in_words(record.action),
            address=address_of(record.subject_kind, record.subject_id),
        )

    @page("/verify")
    def verify(self) -> Any:
        """What the last walk found, and what is walked now."""
        with self.reading() as session:
            last = verdicts.newest(session)
            walking = runs.unfinished_of(session, AUDIT_JOB)
        reason = _("Run %(number)s is at it.", number=walking.id) if walking else ""
        links = [action_link("verify_now", _("Verify now"), "play", "job:run", reason, tone="primary")]
        return self.render(
            "audit/verification.html",
            last=last,
            walking=walking,
            action_links=links,
        )

    @action("/verify/now", permission="job:run", form=VerifyForm)
    def verify_now(self, form: DeskForm) -> Done:
        """Start a walk."""
        parameters = {FROM_FIRST: True} if form.from_first.data else None
        with self.transaction() as session:
            run = runs.trigger(session, AUDIT_JOB, actor=current_actor(), parameters=parameters)
            enqueue_after_commit(runtime(), session, run)
        return _("Run %(number)s walks the chain.", number=run.id), url_for("runs.one", run_id=run.id)

    @verify_now.confirmation
    def _confirm_verify_now(self) -> ActionPage:
        summary = _(
            "Every seal is held against the one before it and against the records that it covers, in the background. "
            "Nothing is changed by it; what is wrong is alerted and named on the page Verify the chain."
        )
        return ActionPage(_("Verify the chain"), self.at("verify"), summary, _("Verify now"))


def _read(text: str | None) -> dict[str, Any]:
    value = json.loads(text) if text else {}
    return value if isinstance(value, dict) else {_("value"): value}
