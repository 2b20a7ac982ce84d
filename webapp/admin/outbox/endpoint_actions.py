"""What people do with an endpoint of webhooks."""

from dataclasses import asdict
from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm, ReasonForm
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.models import WebhookEndpoint
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.webhooks import endpoints as webhook_endpoints
from webapp.services.webhooks.endpoints import MOST_A_MINUTE, MOST_IN_A_BATCH, MOST_PARALLEL, NewEndpoint, Pace

_ONE_PER_LINE = _l("One per line: * for everything, escrow.* for everything about escrows, or one event by its name.")


class EndpointForm(DeskForm):
    """Where to post, what it is for, and which events."""

    url = StringField(_l("Address"), [DataRequired(_l("Say where to post.")), Length(max=2000)])
    description = StringField(_l("What is it for?"), [DataRequired(_l("Say what it is for.")), Length(max=200)])
    events = TextAreaField(_l("Events"), [DataRequired(_l("Name at least one."))], description=_ONE_PER_LINE)
    batch_size = IntegerField(
        _l("Events in a call"),
        [Optional(), NumberRange(1, MOST_IN_A_BATCH)],
        default=1,
        description=_l("1: each event by itself. More: a list of events, in order, signed as one message."),
    )
    parallel_calls = IntegerField(
        _l("Calls at once"),
        [Optional(), NumberRange(1, MOST_PARALLEL)],
        default=1,
        description=_l("1: everything in order. More: only what is told of one thing comes in order."),
    )
    calls_per_minute = IntegerField(
        _l("Calls in a minute, at most"),
        [Optional(), NumberRange(1, MOST_A_MINUTE)],
        description=_l("Empty: as often as all webhooks together may be sent."),
    )
    version = HiddenField()

    def endpoint(self) -> NewEndpoint:
        """What was written."""
        words = self.text("events").replace(",", " ").split()
        pace = Pace(self.batch_size.data or 1, self.parallel_calls.data or 1, self.calls_per_minute.data)
        return NewEndpoint(self.text("url"), self.text("description"), words, pace)


_KEPT = {
    "0": _l("not at all: it has leaked"),
    "1": _l("for an hour"),
    "24": _l("for a day"),
    "168": _l("for a week"),
}


class RollForm(DeskForm):
    """For how long the former secret signs beside the new one."""

    keep = SelectField(
        _l("The present secret signs too"),
        choices=list(_KEPT.items()),
        default="24",
        description=_l("The receiver changes to the new one meanwhile; either of two signatures is right."),
    )


class EndpointActions(ListScreen):
    """The actions of endpoints."""

    @action("/add", permission="webhook:manage", form=EndpointForm)
    def add(self, form: EndpointForm) -> Done:
        """Add an endpoint; its secret is shown once."""
        with self.transaction() as session:
            made, secret = webhook_endpoints.create(
                session, form.endpoint(), at=clock.now(), actor=current_actor(), settings=runtime().settings
            )
        return self._secret(_("%(name)s is ready", name=made.description), made.id, secret)

    @add.confirmation
    def _confirm_add(self) -> ActionPage:
        summary = _("Every event it asks for is posted to it as JSON, signed with a secret that is made for it.")
        return ActionPage(
            _("Add an endpoint"), self.at(), summary, _("Add endpoint"), values={"events": "*", **asdict(Pace())}
        )

    @action("/<int:endpoint_id>/change", permission="webhook:manage", form=EndpointForm)
    def change(self, endpoint_id: int, form: EndpointForm) -> Done:
        """Change an endpoint."""
        with self.transaction() as session:
            webhook_endpoints.change(
                session,
                endpoint_id,
                form.endpoint(),
                version=form.number("version"),
                at=clock.now(),
                actor=current_actor(),
                settings=runtime().settings,
            )
        return _("The endpoint is changed. What waits for it goes to the new address.")

    @change.confirmation
    def _confirm_change(self, endpoint_id: int) -> ActionPage:
        found = self._endpoint(endpoint_id)
        events = "\n".join(map(str, found.events))
        values = {"url": found.url, "description": found.description, "events": events, "version": found.version}
        values |= asdict(webhook_endpoints.pace_of(found))
        return self._action_page(found, _("Change %(name)s", name=found.description), "", _("Save"), values=values)

    @action("/<int:endpoint_id>/test", permission="webhook:manage")
    def test(self, endpoint_id: int, form: DeskForm) -> Done:
        """Send a test."""
        with self.transaction() as session:
            delivery = webhook_endpoints.test(session, endpoint_id, at=clock.now(), actor=current_actor())
        return _("A test is on its way: delivery %(number)s, within a minute.", number=delivery.id)

    @test.confirmation
    def _confirm_test(self, endpoint_id: int) -> ActionPage:
        summary = _("It is sent a message of the type webhook.test, signed like any other.")
        found = self._endpoint(endpoint_id)
        return self._action_page(found, _("Test %(name)s", name=found.description), summary, _("Send a test"))

    @action("/<int:endpoint_id>/pause", permission="webhook:manage", form=ReasonForm)
    def pause(self, endpoint_id: int, form: ReasonForm) -> Done:
        """Send nothing to it for a while."""
        with self.transaction() as session:
            webhook_endpoints.pause(session, endpoint_id, form.text("reason"), at=clock.now(), actor=current_actor())
        return _("The endpoint is paused. What happens meanwhile is kept for it, for a week.")

    @pause.confirmation
    def _confirm_pause(self, endpoint_id: int) -> ActionPage:
        found = self._endpoint(endpoint_id)
        summary = _("Nothing is sent to it until it is resumed. What happens meanwhile is kept for it, for a week.")
        return self._action_page(found, _("Pause %(name)s", name=found.description), summary, _("Pause the endpoint"))

    @action("/<int:endpoint_id>/resume", permission="webhook:manage")
    def resume(self, endpoint_id: int, form: DeskForm) -> Done:
        """Send to it again."""
        with self.transaction() as session:
            webhook_endpoints.resume(session, endpoint_id, at=clock.now(), actor=current_actor())
        return _("The endpoint is resumed. What waited goes out within a minute, in order.")

    @resume.confirmation
    def _confirm_resume(self, endpoint_id: int) -> ActionPage:
        found = self._endpoint(endpoint_id)
        summary = _("What waited is sent to it first, in order.")
        return self._action_page(found, _("Resume %(name)s", name=found.description), summary, _("Resume the endpoint"))

    @action("/<int:endpoint_id>/roll", permission="webhook:manage", form=RollForm)
    def roll(self, endpoint_id: int, form: RollForm) -> Done:
        """Give it a new secret, shown once; the former one may sign too for a while."""
        keep = timedelta(hours=form.number("keep"))
        with self.transaction() as session:
            made, secret = webhook_endpoints.roll_secret(
                session, endpoint_id, keep=keep, at=clock.now(), actor=current_actor(), settings=runtime().settings
            )
        return self._secret(_("A new secret for %(name)s", name=made.description), endpoint_id, secret)

    @roll.confirmation
    def _confirm_roll(self, endpoint_id: int) -> ActionPage:
        found = self._endpoint(endpoint_id)
        summary = _("Give the new one to the receiver before the time of the present one is over.")
        title = _("New secret for %(name)s", name=found.description)
        return self._action_page(found, title, summary, _("Make a new secret"), danger=True)

    @action("/<int:endpoint_id>/remove", permission="webhook:manage")
    def remove(self, endpoint_id: int, form: DeskForm) -> Done:
        """Tell it nothing any more."""
        with self.transaction() as session:
            gone = webhook_endpoints.remove(session, endpoint_id, at=clock.now(), actor=current_actor())
        return _("%(name)s is removed.", name=gone.description), self.at()

    @remove.confirmation
    def _confirm_remove(self, endpoint_id: int) -> ActionPage:
        found = self._endpoint(endpoint_id)
        summary = _("It is told nothing any more, and what waits for it is cancelled. This can't be undone.")
        title = _("Remove %(name)s", name=found.description)
        return self._action_page(found, title, summary, _("Remove the endpoint"), danger=True)

    def _secret(self, title: str, endpoint_id: int, secret: str) -> Done:
        intro = _("Copy the secret now: it is shown once. The receiver checks the header webhook-signature with it.")
        return self.shown_once(title, intro, secret, self.at("one", endpoint_id=endpoint_id))

    def _action_page(
        self,
        found: WebhookEndpoint,
        title: str,
        summary: str,
        verb: str,
        *,
        danger: bool = False,
        values: dict[str, object] | None = None,
    ) -> ActionPage:
        back, facts = self.at("one", endpoint_id=found.id), [] if values else [(_("Address"), found.url)]
        return ActionPage(title, back, summary, verb, danger=danger, values=values or {}, facts=facts)

    def _endpoint(self, endpoint_id: int) -> WebhookEndpoint:
        with self.reading() as session:
            return webhook_endpoints.get(session, endpoint_id)
