"""What people may do with a subscription: renew, extend, suspend, resume, take back; each with a reason."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import InputRequired

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm, InstantField, VersionedReasonForm
from webapp.admin.ui.formatting import exact
from webapp.admin.ui.screen import Screen
from webapp.models import Subscription
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.storefront import tenants
from webapp.services.subscriptions import search, subscriptions
from webapp.services.subscriptions.search import OfTenant
from webapp.services.subscriptions.subscriptions import WRITE, SubscriptionChanges

_USUAL = timedelta(days=30)
_WRITE_A_DATE = _l("Write a date and time.")


class DateForm(VersionedReasonForm):
    """A later date, and why."""

    expire_date = InstantField(_l("Runs until"), [InputRequired(_WRITE_A_DATE)])


class ResumeForm(VersionedReasonForm):
    """Why, and a later date where the grace is over."""

    expire_date = InstantField(
        _l("Runs until"),
        description=_l("Empty to leave its date. Where the grace is over, a later one is needed."),
    )


class NewSubscriptionForm(DeskForm):
    """Until when a new subscription runs."""

    expire_date = InstantField(_l("Runs until"), [InputRequired(_WRITE_A_DATE)])


class SubscriptionActions(Screen):
    """The actions of a subscription. Each leads back to the page of its tenant."""

    @action("/<int:subscription_id>/renew", permission=WRITE, form=DateForm)
    def renew(self, subscription_id: int, form: DateForm) -> Done:
        """It is paid for until a later date."""
        self._change(subscription_id, form, lambda one: one.renew(_date(form), form.text("reason")))
        return _("The subscription is renewed.")

    @renew.confirmation
    def _confirm_renew(self, subscription_id: int) -> ActionPage:
        of = self._of(subscription_id)
        summary = _(
            "The subscription of %(name)s counts as paid for until the new date, and no payment is pending any more.",
            name=of.tenant.name,
        )
        return self._page_of(of, _("Renew the subscription of %(name)s"), _dated(of, summary), _("Renew"), _later(of))

    @action("/<int:subscription_id>/extend", permission=WRITE, form=DateForm)
    def extend(self, subscription_id: int, form: DateForm) -> Done:
        """More time, paid or not."""
        self._change(subscription_id, form, lambda one: one.extend(_date(form), form.text("reason")))
        return _("The subscription is extended.")

    @extend.confirmation
    def _confirm_extend(self, subscription_id: int) -> ActionPage:
        of = self._of(subscription_id)
        summary = _("%(name)s may sell until the new date, whether it has paid or not.", name=of.tenant.name)
        return self._page_of(of, _("Extend the subscription of %(name)s"), _dated(of, summary), _("Extend"), _later(of))

    @action("/<int:subscription_id>/suspend", permission=WRITE, form=VersionedReasonForm)
    def suspend(self, subscription_id: int, form: VersionedReasonForm) -> Done:
        """Refuse the tenant's new orders."""
        self._change(subscription_id, form, lambda one: one.suspend(form.text("reason")))
        return _("The tenant is suspended: its new orders are refused.")

    @suspend.confirmation
    def _confirm_suspend(self, subscription_id: int) -> ActionPage:
        of = self._of(subscription_id)
        summary = _(
            "New orders of %(name)s are refused from now on, until somebody resumes it: a renewal does not end that. "
            "What is held for it goes on as before. It is told so.",
            name=of.tenant.name,
        )
        return self._page_of(of, _("Suspend %(name)s"), summary, _("Suspend"), danger=True)

    @action("/<int:subscription_id>/resume", permission=WRITE, form=ResumeForm)
    def resume(self, subscription_id: int, form: ResumeForm) -> Done:
        """Let the tenant sell again."""
        self._change(subscription_id, form, lambda one: one.resume(form.text("reason"), _date(form)))
        return _("The tenant sells again.")

    @resume.confirmation
    def _confirm_resume(self, subscription_id: int) -> ActionPage:
        of = self._of(subscription_id)
        summary = _("New orders of %(name)s are taken again.", name=of.tenant.name)
        return self._page_of(of, _("Resume %(name)s"), summary, _("Resume"))

    @action("/<int:subscription_id>/revert", permission=WRITE, form=VersionedReasonForm)
    def revert(self, subscription_id: int, form: VersionedReasonForm) -> Done:
        """Take the last renewal or extension back."""
        self._change(subscription_id, form, lambda one: one.revert(form.text("reason")))
        return _("The date before counts again.")

    @revert.confirmation
    def _confirm_revert(self, subscription_id: int) -> ActionPage:
        of = self._of(subscription_id)
        before = of.subscription.date_before
        summary = _(
            "The last renewal or extension is taken back: %(name)s runs until %(date)s again, and is what the calendar "
            "makes of that.",
            name=of.tenant.name,
            date=exact(before) if before else "–",
        )
        return self._page_of(of, _("Take back the new date of %(name)s"), summary, _("Take it back"), danger=True)

    @action("/<int:subscription_id>/nothing-pending", permission=WRITE, form=VersionedReasonForm)
    def nothing_pending(self, subscription_id: int, form: VersionedReasonForm) -> Done:
        """No payment is on its way any more."""
        self._change(subscription_id, form, lambda one: one.note_payment(None, form.text("reason")))
        return _("No payment is pending any more.")

    @nothing_pending.confirmation
    def _confirm_nothing_pending(self, subscription_id: int) -> ActionPage:
        of = self._of(subscription_id)
        summary = _(
            "The payment that the marketplace told of does not come. %(name)s is reminded as others are.",
            name=of.tenant.name,
        )
        return self._page_of(of, _("No payment of %(name)s is pending"), summary, _("Nothing is pending"))

    def _change(
        self, subscription_id: int, form: VersionedReasonForm, make: Callable[[SubscriptionChanges], Subscription]
    ) -> None:
        with self.transaction() as session:
            how: dict[str, Any] = {"at": clock.now(), "actor": current_actor(), "settings": runtime().settings}
            make(SubscriptionChanges(session, subscription_id, version=form.number("version"), **how))

    def _of(self, subscription_id: int) -> OfTenant:
        with self.reading() as session:
            return search.read(session, subscription_id)

    def _page_of(
        self,
        of: OfTenant,
        title: str,
        summary: str,
        verb: str,
        values: dict[str, Any] | None = None,
        *,
        danger: bool = False,
    ) -> ActionPage:
        facts = [
            (_("Runs until"), exact(of.subscription.expire_date)),
            (_("Grace ends"), exact(of.grace_ends_at(runtime().settings))),
        ]
        return ActionPage(
            title % {"name": of.tenant.name},
            tenant_page(of.tenant.id),
            summary,
            verb,
            danger=danger,
            facts=facts,
            values={"version": of.subscription.version} | (values or {}),
        )


class TenantActions(Screen):
    """The actions of a tenant."""

    @action("/<int:tenant_id>/subscribe", permission=WRITE, form=NewSubscriptionForm)
    def subscribe(self, tenant_id: int, form: NewSubscriptionForm) -> Done:
        """Give the tenant a subscription."""
        with self.transaction() as session:
            ref = tenants.get(session, tenant_id).ref
            how: dict[str, Any] = {"at": clock.now(), "actor": current_actor(), "settings": runtime().settings}
            subscriptions.create(session, ref, _date(form), **how)
        return _("The tenant has a subscription.")

    @subscribe.confirmation
    def _confirm_subscribe(self, tenant_id: int) -> ActionPage:
        with self.reading() as session:
            name = tenants.get(session, tenant_id).name
        summary = _(
            "%(name)s may sell until the date and in the days of grace after it; then its new orders are refused.",
            name=name,
        )
        title = _("A subscription for %(name)s", name=name)
        values = {"expire_date": clock.now() + _USUAL}
        return ActionPage(title, tenant_page(tenant_id), summary, _("Give it the subscription"), values=values)


def _date(form: Any) -> Any:
    """The instant of the form; None where it was left empty and may be."""
    return form.expire_date.data


def _later(of: OfTenant) -> dict[str, Any]:
    """A month on from its date, or from now when that has passed."""
    return {"expire_date": max(of.subscription.expire_date, clock.now()) + _USUAL}


def _dated(of: OfTenant, summary: str) -> str:
    """With what is not changed by it."""
    if not of.subscription.suspended_by_hand:
        return summary
    return f"{summary} {_('It stays suspended, until somebody resumes it.')}"


def tenant_page(tenant_id: int) -> str:
    """The address of a tenant."""
    return url_for("tenants.one", tenant_id=tenant_id)
