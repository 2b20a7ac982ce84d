"""What people and the calendar do to the subscriptions of tenants."""

from datetime import datetime, timedelta

from tests.model.compared import ComparedDesk, step
from tests.model.drawn import ADMIN, TENANT_TURN, TENANTS
from tests.model.plain import subscriptions
from tests.model.plain.subscriptions import Change
from webapp.services.subscriptions import subscriptions as services
from webapp.services.subscriptions.subscriptions import SubscriptionChanges


class TenantSteps(ComparedDesk):
    """Steps of any order that are about tenants."""

    @step(weight=3, who=ADMIN, tenant=TENANTS, what=TENANT_TURN, days=[-8, -1, 1, 8, 30])
    def subscription(self, who: str, tenant: str, what: str, days: int) -> None:
        """A tenant gets its subscription, or a person changes it."""
        until = self.clock.at + timedelta(days=days)
        if tenant not in self.model.subscriptions or what == "create":
            self.both(
                "create subscription",
                lambda model: subscriptions.create(model, who, tenant, until),
                lambda: self.give_subscription(who, tenant, until),
            )
            return
        wanted = Change(what, until if what in ("renewed", "extended") else None)
        self.both(
            f"subscription {what}",
            lambda model: subscriptions.change(model, who, tenant, wanted),
            lambda: self.change_subscription(who, tenant, wanted),
        )

    def give_subscription(self, who: str, tenant: str, until: datetime) -> None:
        with self.product.deciding() as session:
            made = services.create(session, tenant, until, **self.product.under(who)).id
        self.product.subscriptions[tenant] = made

    def change_subscription(self, who: str, tenant: str, wanted: Change) -> None:
        why = "It is right so."
        with self.product.deciding() as session:
            mine = SubscriptionChanges(session, self.product.subscriptions[tenant], **self.product.under(who))
            if wanted.kind == "renewed":
                mine.renew(wanted.until or self.clock.at, why)
            elif wanted.kind == "extended":
                mine.extend(wanted.until or self.clock.at, why)
            elif wanted.kind == "suspended":
                mine.suspend(why)
            elif wanted.kind == "resumed":
                mine.resume(why)
            else:
                mine.revert(why)
