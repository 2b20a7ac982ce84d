"""The demo's tenants: a dozen shops in every state a subscription can be in. Names are invented."""

from dataclasses import dataclass

from webapp.domain.states import SubscriptionStatus

ACTIVE, EXPIRED, SUSPENDED = SubscriptionStatus
GRACE = 7


@dataclass(frozen=True)
class DemoTenant:
    """A shop: whose orders are its own, until when it may sell (days from now), and what is odd about it."""

    ref: str
    name: str
    market: str
    """The prefix of the market whose orders it shares with the market's other shops."""
    status: SubscriptionStatus | None = ACTIVE
    expires: float = 60
    zone: str | None = None
    email: bool = True
    grace_days: int | None = None
    pending: bool = False
    """A payment of it is on its way."""
    by_hand: bool = False
    sells: bool = True


TENANTS = (
    DemoTenant("kgl-market", "Kigali Market", "KGL", expires=48, zone="Africa/Kigali"),
    DemoTenant("kgl-fresh", "Umurava Fresh", "KGL", expires=2.4, zone="Africa/Kigali"),
    DemoTenant("los-market", "Lagos Mainland Market", "LOS", expires=120, zone="Africa/Lagos"),
    DemoTenant("los-fabrics", "Aso-Oke House", "LOS", EXPIRED, expires=-2.2, pending=True),
    DemoTenant("nbo-market", "Nairobi Wholesale", "NBO", expires=31, zone="Africa/Nairobi"),
    DemoTenant("nbo-farm", "Limuru Farm Supplies", "NBO", EXPIRED, expires=-9.5, grace_days=14),
    DemoTenant("mnl-market", "Divisoria Online", "MNL", expires=5.8, zone="Asia/Manila"),
    DemoTenant("mnl-crafts", "Paete Crafts", "MNL", SUSPENDED, expires=-19),
    DemoTenant("int-market", "Crossing Goods", "INT", expires=300),
    DemoTenant("int-studio", "Studio Meridian", "INT", expires=3.3, email=False),
    DemoTenant("kgl-books", "Igitabo Books", "KGL", SUSPENDED, expires=25, by_hand=True),
    DemoTenant("nbo-new", "Kilifi Surf Shop", "NBO", expires=29, sells=False),
    DemoTenant("los-told", "Surulere Prints", "LOS", None, sells=False),
)
"""Active, expiring within a week, in grace (one with days of its own), suspended by the calendar and by hand, one
without an address, one that never had an order, and one without a subscription."""


def who_sells(market: str, number: int, days_ago: float) -> str:
    """The shop whose this order of a market is. One that is suspended has only older ones."""
    shops = [each for each in TENANTS if each.market == market and each.sells]
    able = [each for each in shops if each.status != SUSPENDED or days_ago > _suspended_since(each)]
    return able[number % len(able)].ref


def _suspended_since(tenant: DemoTenant) -> float:
    return 20 if tenant.by_hand else -tenant.expires - GRACE
