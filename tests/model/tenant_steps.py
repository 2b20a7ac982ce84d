"""What people and the calendar do to the subscriptions of tenants."""

from datetime import timedelta

from tests.model.compared import ComparedDesk, step
from tests.model.drawn import ADMIN, TENANT_TURN, TENANTS
from tests.model.plain import subscriptions
from tests.model.plain.subscriptions import Change


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
                lambda: self.product.give_subscription(who, tenant, until),
            )
            return
        wanted = Change(what, until if what in ("renewed", "extended") else None)
        self.both(
            f"subscription {what}",
            lambda model: subscriptions.change(model, who, tenant, wanted),
            lambda: self.product.change_subscription(who, tenant, what, until),
        )
