"""An order names its tenant: one that is suspended gets no new orders, and what is held for it goes on."""

import threading

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support.arguments import ByActor
from tests.support.market import DIVINE, LATER, NOW, Market
from webapp.domain.actors import job_actor
from webapp.domain.states import EscrowStatus, SubscriptionStatus
from webapp.errors import Conflict, Invalid
from webapp.models import Audit, Order, Subscription, Tenant
from webapp.runtime import Runtime
from webapp.services.escrows import release
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.storefront import tenants


@pytest.fixture
def market(session: Session, runtime: Runtime) -> Market:
    return Market(session, runtime)


def buy(market: Market, ref: str, tenant: str, terms: str = "paid") -> Order:
    buyer, seller = market.party("buyer"), market.party("seller")
    new = NewOrder(ref, buyer.id, seller.id, 1_000, "NGN", tenant=tenant, terms=terms)
    return orders.create(market.session, new, at=NOW, actor=DIVINE, settings=market.runtime.settings)


def subscribe(session: Session, ref: str, status: str = SubscriptionStatus.ACTIVE) -> Subscription:
    tenant_id = tenants.by_ref(session, ref).id
    made = Subscription(tenant_id=tenant_id, status=status, expire_date=LATER, created_at=NOW, changed_at=NOW)
    session.add(made)
    session.flush()
    return made


def test_a_tenant_that_an_order_names_is_there(market: Market) -> None:
    buy(market, "o1", "shop")
    buy(market, "o2", "shop")
    made = market.session.scalars(select(Tenant)).one()
    assert (made.ref, made.name, made.updated_at, made.demo) == ("shop", "shop", None, False)
    kept = market.session.scalars(select(Audit).where(Audit.action == "tenant.create")).one()
    assert (kept.subject_id, kept.reason) == (made.id, "An order names it.")


@pytest.mark.parametrize("ref", ["a\nb", "\u202eshop", "x" * 41])
def test_an_order_names_only_a_tenant_that_the_storefront_would_take(market: Market, ref: str) -> None:
    with pytest.raises(Invalid, match="tenant has 1 to 40 characters that can be shown") as refused:
        buy(market, "o1", ref)
    assert set(refused.value.fields) == {"tenant"}
    assert market.session.scalars(select(Tenant)).all() == []


@pytest.mark.parametrize(
    ("by_hand", "ends"), [(False, "until its subscription is renewed or extended."), (True, "until somebody resumes ")]
)
def test_the_refusal_says_what_ends_it(market: Market, by_hand: bool, ends: str) -> None:
    buy(market, "o1", "shop")
    subscribe(market.session, "shop", SubscriptionStatus.SUSPENDED).suspended_by_hand = by_hand
    market.session.flush()
    with pytest.raises(Conflict, match=ends):
        buy(market, "o2", "shop")


@pytest.mark.parametrize("status", SubscriptionStatus)
def test_only_a_suspended_tenants_orders_are_refused(market: Market, status: SubscriptionStatus) -> None:
    held = buy(market, "o1", "shop")
    subscribe(market.session, "shop", status)
    if status == SubscriptionStatus.SUSPENDED:
        with pytest.raises(Conflict, match="Tenant shop is suspended: its new orders are refused") as refused:
            buy(market, "o2", "shop")
        assert refused.value.fields == {"tenant": "It is suspended."}
    else:
        buy(market, "o2", "shop")
    buy(market, "o3", "another")
    escrow = orders.escrow_of(market.session, held.id)
    how: ByActor = {"at": LATER, "actor": job_actor("auto_release")}
    release.release_all(market.session, [escrow.id], reason="expired", **how)
    market.session.refresh(escrow)
    assert escrow.status == EscrowStatus.RELEASED


def test_no_order_slips_in_while_its_tenant_is_suspended(pg_runtime: Runtime) -> None:
    with pg_runtime.db.transaction() as session:
        market = Market(session, pg_runtime)
        buy(market, "o1", "shop")
        subscribe(session, "shop")
    refused: list[str] = []

    def order() -> None:
        try:
            with pg_runtime.db.transaction() as session:
                buy(Market(session, pg_runtime), "o2", "shop")
        except Conflict as conflict:
            refused.append(conflict.detail)

    with pg_runtime.db.transaction() as session:
        taken = session.scalars(select(Subscription).with_for_update()).one()
        taken.status = SubscriptionStatus.SUSPENDED
        session.flush()
        other = threading.Thread(target=order)
        other.start()
        other.join(0.3)
        assert other.is_alive()
    other.join(10)
    assert refused == [tenants.refusal("shop", by_hand=False)]
