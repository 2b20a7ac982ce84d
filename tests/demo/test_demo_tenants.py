"""The demo's tenants: a dozen, in every state, with ninety days of what they sold; cleared with nothing left."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.support.arguments import ByActor
from tests.support.filled import rows
from tests.support.market import DIVINE
from webapp import clock, demo
from webapp.domain.actors import job_actor
from webapp.domain.states import SubscriptionStatus
from webapp.domain.storefront.rows import CustomerRow, TenantRow
from webapp.domain.subscriptions import ReminderKind
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import (
    AnalyticsDay,
    AnalyticsTotal,
    CartItem,
    Customer,
    Order,
    OrderLine,
    Product,
    Subscription,
    Tenant,
    TenantDailyFigure,
)
from webapp.runtime import Runtime
from webapp.services.analytics import aggregation
from webapp.services.storefront import bulk, tables
from webapp.services.subscriptions import reminders

Filled = tuple[Runtime, dict[str, int]]


def test_tenants_are_in_every_state(filled: Filled) -> None:
    runtime, _ = filled
    with runtime.db.reading() as session:
        now = clock.now()
        tenants = set(session.scalars(select(Tenant.ref).where(Tenant.demo)))
        assert len(tenants) >= 12
        statuses = dict(session.execute(select(Subscription.status, func.count()).group_by(Subscription.status)).all())
        assert set(statuses) == set(SubscriptionStatus)
        soon = Subscription.expire_date.between(now, now + timedelta(days=7))
        assert session.scalar(select(func.count()).where(soon, Subscription.status == "active")) == 3
        odd = (
            Tenant.email.is_(None),
            Tenant.grace_days.is_not(None),
            ~select(Order.id).where(Order.tenant == Tenant.ref).exists(),
            ~select(Subscription.id).where(Subscription.tenant_id == Tenant.id).exists(),
            select(Subscription.id).where(Subscription.tenant_id == Tenant.id, Subscription.suspended_by_hand).exists(),
        )
        for condition in odd:
            assert session.scalar(select(func.count()).select_from(Tenant).where(condition)), condition
        assert set(session.scalars(select(Order.tenant).where(Order.tenant.is_not(None)))) < tenants
        suspended = select(Tenant.ref).join(Subscription).where(Subscription.status == "suspended")
        late = select(Order.id).where(Order.tenant.in_(suspended), Order.created_at > now - timedelta(days=11))
        assert session.scalars(late).all() == []


def test_they_have_ninety_days_of_lines_carts_and_figures(filled: Filled) -> None:
    runtime, _ = filled
    with runtime.db.reading() as session:
        assert session.scalar(select(func.count(AnalyticsDay.day))) == 90
        assert (session.scalar(select(func.count(TenantDailyFigure.day.distinct()))) or 0) > 80
        oldest = session.scalar(select(func.min(OrderLine.created_at)))
        assert oldest is not None
        assert oldest < clock.now() - timedelta(days=80)
        counts = {model: session.scalar(select(func.count(model.id))) or 0 for model in (Product, Customer, CartItem)}
        assert all(count > 50 for count in counts.values()), counts
        summed = select(OrderLine.order_id, func.sum(OrderLine.amount).label("total")).group_by(OrderLine.order_id)
        lines = summed.subquery()
        differs = select(func.count()).select_from(Order).join(lines, lines.c.order_id == Order.id)
        odd = session.scalar(differs.where(lines.c.total != Order.amount)) or 0
        assert 0 < odd < (session.scalar(differs) or 0) / 10


@pytest.mark.long
def test_what_a_real_tenant_has_stays_when_the_demo_goes(sqlite_runtime: Runtime) -> None:
    register_jobs(sqlite_runtime)
    how: ByActor = {"at": clock.now() - timedelta(days=3), "actor": DIVINE}
    day = how["at"].date()
    with sqlite_runtime.db.transaction() as session:
        bulk.upsert(session, tables.TENANTS, [TenantRow(ref="real", name="Real")], **how)
        bulk.upsert(session, tables.CUSTOMERS, [CustomerRow(ref="k", tenant="real")], **how)
        aggregation.aggregate(session, day, at=clock.now(), settings=sqlite_runtime.settings, actor=DIVINE, run_id=1)
        mine = session.execute(select(AnalyticsTotal.__table__).where(AnalyticsTotal.day == day)).all()
        assert [row.new_customers for row in mine] == [1]
    before = rows(sqlite_runtime)
    demo.seed(sqlite_runtime)
    _remind(sqlite_runtime)
    demo.clear(sqlite_runtime)
    assert rows(sqlite_runtime) == before
    with sqlite_runtime.db.reading() as session:
        assert session.execute(select(AnalyticsTotal.__table__).where(AnalyticsTotal.day == day)).all() == mine
        assert session.scalars(select(Tenant.ref)).all() == ["real"]


def _remind(runtime: Runtime) -> None:
    """As the nightly job does: what it writes of the demo's tenants goes with them."""
    now = clock.now()
    how: dict[str, Any] = {"by": now, "at": now, "actor": job_actor("test"), "settings": runtime.settings}
    with runtime.db.transaction() as session:
        ids = session.scalars(select(Subscription.id)).all()
        assert reminders.remind_all(session, ids, kind=ReminderKind.RENEWAL, **how).done > 0
