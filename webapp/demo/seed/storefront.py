"""What the demo's tenants sold: products, customers and carts of ninety days, lines of their orders, and figures."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from webapp.demo.seed.context import DAYS, DEMO, SeedContext
from webapp.demo.seed.marketplaces import MARKETS, Market
from webapp.demo.seed.orders import Trade
from webapp.demo.seed.tenants import TENANTS, DemoTenant
from webapp.models import AnalyticsDay, CartItem, Customer, OrderLine, Product, Subscription, Tenant
from webapp.services.analytics import aggregation
from webapp.services.audit import trail
from webapp.services.audit.trail import Record

_FORENAMES = ("Ada", "Bola", "Chantal", "Dan", "Esi", "Femi", "Grace", "Hassan", "Ines", "Jomo", "Keza", "Lindiwe")
_CUSTOMERS = range(40, 90)
"""New ones of a tenant in the whole time."""
_CARTS = range(18, 40)
_CART_AGES = 45
"""Days; some are old enough for the clean-up."""
_SHORT = 23
"""One order in so many has lines that don't sum to its amount."""


class _Storefront:
    """The rows of all tenants while they are drawn."""

    def __init__(self, context: SeedContext) -> None:
        self.session, self.now = context.session, context.now
        self.chance = Random(20_261)
        self.ids: dict[str, int] = {}
        self.products: dict[int, list[tuple[int, str]]] = {}

    def times(self, at: datetime) -> dict[str, datetime]:
        """Made then, and stored a little later."""
        return {"created_at": at, "updated_at": at, "stored_at": min(at + timedelta(minutes=2), self.now)}

    def ago(self, days: float) -> datetime:
        """So many days before the present."""
        return self.now - timedelta(days=days)


def add_tenants(context: SeedContext) -> None:
    """Add the tenants that orders name, before the orders."""
    made = context.ago(DAYS + 15)
    rows = [_tenant(each, made) for each in TENANTS]
    context.session.execute(insert(Tenant), rows)
    ids = _ids(context.session)
    context.session.execute(
        insert(Subscription),
        [_subscription(each, ids[each.ref], context) for each in TENANTS if each.status is not None],
    )
    records = [Record("tenant.create", ("tenant", ids[each.ref]), after={"ref": each.ref}) for each in TENANTS]
    trail.record_many(context.session, DEMO, records, at=made)


def add_storefront(context: SeedContext, trades: Sequence[Trade]) -> None:
    """Add what the tenants sold, and the figures of each day that is over."""
    front = _Storefront(context)
    front.ids = _ids(context.session)
    _add_products(front)
    _add_customers(front)
    _add_lines(front, trades)
    _add_carts(front)
    _add_figures(context)


def _tenant(tenant: DemoTenant, at: datetime) -> dict[str, Any]:
    email = f"owner@{tenant.ref}.example" if tenant.email else None
    own = {"ref": tenant.ref, "name": tenant.name, "email": email, "zone": tenant.zone, "grace_days": tenant.grace_days}
    return own | {"created_at": at, "updated_at": at, "stored_at": at, "demo": True}


def _subscription(tenant: DemoTenant, tenant_id: int, context: SeedContext) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "status": tenant.status,
        "expire_date": context.now + timedelta(days=tenant.expires),
        "payment_pending_since": context.ago(days=1) if tenant.pending else None,
        "suspended_by_hand": tenant.by_hand,
        "created_at": context.ago(DAYS + 15),
        "changed_at": context.ago(days=20 if tenant.by_hand else max(0.5, -tenant.expires)),
        "version": 1,
    }


def _ids(session: Session) -> dict[str, int]:
    return dict(session.execute(select(Tenant.ref, Tenant.id).where(Tenant.demo)).all())


def _market(tenant: DemoTenant) -> Market:
    return next(market for market in MARKETS if market.prefix == tenant.market)


def _add_products(front: _Storefront) -> None:
    rows = []
    for tenant in TENANTS:
        market = _market(tenant)
        for number, goods in enumerate(market.goods, 1):
            price = round(front.chance.uniform(market.low, market.low * 4), -2)
            own = {"tenant_id": front.ids[tenant.ref], "ref": f"P-{number}", "name": goods[:1].upper() + goods[1:]}
            rows.append(own | {"price": int(price), "currency": market.currency} | front.times(front.ago(DAYS + 5)))
    front.session.execute(insert(Product), rows)
    found = select(Product.tenant_id, Product.id, Product.ref).where(Product.tenant_id.in_(front.ids.values()))
    for tenant_id, number, ref in front.session.execute(found.order_by(Product.id)):
        front.products.setdefault(tenant_id, []).append((number, ref))


def _add_customers(front: _Storefront) -> None:
    rows = []
    for tenant in TENANTS:
        count = front.chance.choice(_CUSTOMERS) if tenant.sells else 3
        for number in range(count):
            at = front.ago(front.chance.uniform(0.05, DAYS))
            name = f"{front.chance.choice(_FORENAMES)} {chr(65 + number % 26)}."
            own = {"tenant_id": front.ids[tenant.ref], "ref": f"C-{number + 1}", "name": name}
            rows.append(own | front.times(at))
    front.session.execute(insert(Customer), rows)


def _add_lines(front: _Storefront, trades: Sequence[Trade]) -> None:
    rows = []
    for number, trade in enumerate(trades):
        tenant_id = front.ids[trade.tenant]
        parts = _parts(front.chance, trade.amount)
        if number % _SHORT == 0:
            parts[0] -= parts[0] // 10
        chosen = front.chance.sample(front.products[tenant_id], len(parts))
        for place, (amount, (_, product)) in enumerate(zip(parts, chosen, strict=True), 1):
            own = {"tenant_id": tenant_id, "ref": f"{trade.ref}-{place}", "order_id": trade.order_id}
            own |= {"order_ref": trade.ref, "product_ref": product, "quantity": front.chance.randint(1, 6)}
            rows.append(own | {"amount": amount, "currency": trade.market.currency} | front.times(trade.created))
    front.session.execute(insert(OrderLine), rows)


def _parts(chance: Random, amount: int) -> list[int]:
    """An amount in one to three parts."""
    first = amount * chance.randint(4, 10) // 10
    second = (amount - first) * chance.randint(5, 10) // 10
    return [part for part in (first, second, amount - first - second) if part]


def _add_carts(front: _Storefront) -> None:
    rows = []
    for tenant in TENANTS:
        tenant_id = front.ids[tenant.ref]
        for number in range(front.chance.choice(_CARTS) if tenant.sells else 2):
            product_id, product = front.chance.choice(front.products[tenant_id])
            own = {"tenant_id": tenant_id, "ref": f"K-{number + 1}", "product_id": product_id, "product_ref": product}
            own |= {"customer_ref": f"C-{front.chance.randint(1, 40)}" if tenant.sells else None}
            at = front.ago(front.chance.uniform(0.01, _CART_AGES))
            rows.append(own | {"quantity": front.chance.randint(1, 4)} | front.times(at))
    front.session.execute(insert(CartItem), rows)


def _add_figures(context: SeedContext) -> None:
    """As the job makes them; days of before the demo, and those that are closed already, are the job's."""
    session, settings = context.session, context.runtime.settings
    last = (context.now - timedelta(days=1)).date()
    closed = set(session.scalars(select(AnalyticsDay.day)))
    days = [date.fromordinal(last.toordinal() - back) for back in reversed(range(DAYS))]
    for day in days:
        if day not in closed:
            aggregation.aggregate(session, day, at=context.now, settings=settings, actor=DEMO)
