"""The orders of the demo: what happens to each is drawn once, then told in the order in which it happened."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select

from webapp.demo.seed.context import DAYS, DEMO, SeedContext, to_the_minute
from webapp.demo.seed.marketplaces import MARKETS, Market
from webapp.demo.seed.tenants import who_sells
from webapp.domain.references import escrow_ref
from webapp.domain.states import EscrowStatus, OrderStatus, Policy
from webapp.models import Escrow, Order
from webapp.services.audit import trail

RELEASE_AFTER = timedelta(days=7)
_FEE_BASIS_POINTS = 250

_SCENARIOS = (
    ["paid_out"] * 45
    + ["refunded"] * 4
    + ["split"] * 4
    + ["withdrawn"] * 2
    + ["voided"] * 4
    + ["unpaid"] * 6
    + ["disputed"] * 8
    + ["frozen"] * 2
    + ["completion"] * 3
    + ["finished"] * 1
    + ["buffer"] * 2
    + ["placement"] * 3
)
"""What becomes of a market's orders, the oldest first as far as their fate allows."""
_POLICIES = {
    "completion": Policy.COMPLETION,
    "finished": Policy.COMPLETION,
    "buffer": Policy.BUFFER,
    "placement": Policy.PLACEMENT,
}
"""Those that are not due by a deadline. A finished one is completed, and waits for its job."""


@dataclass
class Trade:
    """One order with its escrow, and what becomes of it. Money in minor units."""

    market: Market
    scenario: str
    ref: str
    buyer: str
    seller: str
    goods: str
    amount: int
    created: datetime
    policy: Policy = Policy.DEADLINE
    release_at: datetime | None = None
    on_credit: bool = False
    placement: str | None = None
    tenant: str = ""
    order_id: int = 0
    escrow_id: int = 0

    @property
    def fee(self) -> int:
        """The platform's share."""
        return self.amount * _FEE_BASIS_POINTS // 10_000

    @property
    def paid(self) -> datetime | None:
        """When the money came in; None when it never did."""
        return None if self.scenario in ("unpaid", "voided") else self.created + timedelta(minutes=35)


def add_orders(context: SeedContext, special: list[Trade]) -> list[Trade]:
    """Draw the trades and write orders and escrows, these special ones too: unpaid for now, the oldest first."""
    drawn = [trade for market in MARKETS for trade in _drawn(context, market)]
    trades = sorted([*drawn, *special], key=lambda trade: trade.created)
    for number, trade in enumerate(trades):
        trade.ref = f"{trade.market.prefix}-{40_127 + number * 3}"
        trade.tenant = who_sells(trade.market.prefix, number, (context.now - trade.created) / timedelta(days=1))
    context.session.execute(insert(Order), [_order(trade) for trade in trades])
    orders = select(Order.ref, Order.id).where(Order.ref.in_([trade.ref for trade in trades]))
    by_ref = dict(context.session.execute(orders).all())
    for trade in trades:
        trade.order_id = by_ref[trade.ref]
    context.session.execute(insert(Escrow), [_escrow(trade) for trade in trades])
    escrows = select(Escrow.order_id, Escrow.id).where(Escrow.order_id.in_(by_ref.values()))
    by_order = dict(context.session.execute(escrows).all())
    for trade in trades:
        trade.escrow_id = by_order[trade.order_id]
        trail.record(
            context.session,
            DEMO,
            "order.create",
            ("order", trade.order_id),
            at=trade.created,
            after={"amount": trade.amount, "currency": trade.market.currency, "goods": trade.goods},
        )
    return trades


def _drawn(context: SeedContext, market: Market) -> list[Trade]:
    return [_trade(context, market, scenario) for scenario in _SCENARIOS]


def _trade(context: SeedContext, market: Market, scenario: str) -> Trade:
    chance = context.chance
    created = to_the_minute(context.ago(days=_age(context, scenario)))
    sellers = [name for name in market.sellers if name != market.blocked]
    buyers = [name for name in market.buyers if name not in market.debtors]
    amount = round(chance.triangular(market.low, market.high, market.low * 3), -2)
    trade = Trade(
        market,
        scenario,
        "",
        chance.choice(buyers),
        chance.choice(sellers),
        chance.choice(market.goods),
        int(amount),
        created,
    )
    trade.release_at = created + RELEASE_AFTER
    if scenario in _POLICIES:
        trade.policy = _POLICIES[scenario]
        trade.release_at = None if scenario == "completion" else context.now + timedelta(days=chance.randint(1, 30))
    if scenario == "finished":
        trade.release_at = trade.created + timedelta(hours=20)
    if scenario == "placement":
        trade.placement = f"PL-{market.prefix}-{chance.randint(1, 2)}"
    return trade


def _age(context: SeedContext, scenario: str) -> float:
    """Days since the order was made."""
    chance = context.chance
    if scenario == "paid_out":
        # Some of them are on their way still: due within the coming week, a few in the coming night.
        return chance.uniform(0.1, DAYS)
    young = {"unpaid": (0.05, 1.9), "finished": (0.84, 0.9), "disputed": (1.5, 26), "frozen": (3, 30)}
    return chance.uniform(*young.get(scenario, (9, DAYS - 2)))


def _order(trade: Trade) -> dict[str, object]:
    done = trade.scenario in ("paid_out", "split", "withdrawn", "buffer", "finished")
    status = OrderStatus.IN_PROGRESS
    if trade.scenario == "unpaid":
        status = OrderStatus.AWAITING_PAYMENT
    elif trade.scenario == "voided":
        status = OrderStatus.DECLINED
    elif done:
        status = OrderStatus.COMPLETED
    return {
        "ref": trade.ref,
        "buyer_id": trade.market.ids[trade.buyer],
        "seller_id": trade.market.ids[trade.seller],
        "tenant": trade.tenant,
        "status": status,
        "amount": trade.amount,
        "currency": trade.market.currency,
        "on_credit": trade.on_credit,
        "created_at": trade.created,
        "paid_at": trade.paid,
        "completed_at": trade.created + timedelta(hours=20) if status == OrderStatus.COMPLETED else None,
    }


def _escrow(trade: Trade) -> dict[str, object]:
    voided = trade.scenario == "voided"
    return {
        "ref": escrow_ref(trade.ref),
        "order_id": trade.order_id,
        "buyer_id": trade.market.ids[trade.buyer],
        "seller_id": trade.market.ids[trade.seller],
        "policy": trade.policy,
        "placement": trade.placement,
        "status": EscrowStatus.VOIDED if voided else EscrowStatus.PENDING_PAYMENT,
        "currency": trade.market.currency,
        "amount": trade.amount,
        "fee": trade.fee,
        "hold_no": 1,
        "freezes": 0,
        "release_at": trade.release_at,
        "created_at": trade.created,
        "closed_at": trade.created + timedelta(days=2) if voided else None,
        "close_reason": "never_paid" if voided else None,
        "version": 1,
    }
