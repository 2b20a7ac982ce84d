"""Three hundred days of shops, and their figures by plain Python: no SQL, and nothing of the code that is tested.

Orders, payments and customers crowd around midnights, of UTC and of each shop's own zone, and around changes of summer
time; some orders are never paid, some are paid days later, some are refunded, some belong to no shop.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.orm import Session

from webapp.models import Customer, Escrow, Order, OrderLine, Party, Tenant

FIRST, DAYS = date(2026, 1, 20), 300
ZONES = (None, "UTC", "Africa/Nairobi", "Europe/Paris", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe")
"""Lord Howe's clocks go forward by half an hour; Cairo's at midnight."""
CURRENCIES = ("NGN", "RWF", "USD")
NONE = "XXX"
ORDERS, CUSTOMERS = 6_000, 1_500

Figure = tuple[int, int, int, int]
"""Orders, revenue, new customers, products sold."""
Figures = dict[tuple[date, int, str], Figure]
"""By day, tenant and currency."""


@dataclass
class Shops:
    """The rows, as they are written."""

    tenants: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    customers: list[dict[str, Any]]

    def write(self, session: Session) -> None:
        """All of them, and an escrow that was refunded for each order that was."""
        at = datetime(2026, 1, 1, tzinfo=UTC)
        parties = [{"id": n, "ref": f"p-{n}", "name": f"Party {n}", "created_at": at} for n in (1, 2)]
        session.execute(insert(Party), parties)
        session.execute(insert(Tenant), self.tenants)
        session.execute(insert(Order), [{k: v for k, v in row.items() if k != "is_refunded"} for row in self.orders])
        session.execute(insert(Escrow), [_refunded(row) for row in self.orders if row["is_refunded"]])
        session.execute(insert(OrderLine), self.lines)
        session.execute(insert(Customer), self.customers)

    def figures(self, *, own_days: bool) -> Figures:
        """What each shop sold on each day: of UTC, or of its own clocks."""
        zones = {row["id"]: ZoneInfo((own_days and row["zone"]) or "UTC") for row in self.tenants}
        refs = {row["ref"]: row["id"] for row in self.tenants}
        sums: dict[tuple[date, int, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        pieces: dict[int, int] = defaultdict(int)
        for line in self.lines:
            pieces[line["order_id"]] += line["quantity"]
        for order in self.orders:
            tenant = refs.get(order["tenant"])
            if tenant is None:
                continue
            made, paid = order["created_at"], order["paid_at"]
            sums[made.astimezone(zones[tenant]).date(), tenant, order["currency"]][0] += 1
            if paid is not None:
                found = sums[paid.astimezone(zones[tenant]).date(), tenant, order["currency"]]
                found[1] += order["amount"]
                found[3] += pieces[order["id"]]
        for customer in self.customers:
            day = customer["created_at"].astimezone(zones[customer["tenant_id"]]).date()
            sums[day, customer["tenant_id"], NONE][2] += 1
        return {key: (each[0], each[1], each[2], each[3]) for key, each in sums.items()}


def generated(seed: int = 20261128) -> Shops:
    """The same shops for the same seed."""
    random = Random(seed)
    edges = _edges()
    start = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    tenants = [
        {"id": n, "ref": f"shop-{n}", "name": f"Shop {n}", "zone": zone} | _times(start)
        for n, zone in enumerate([*ZONES, *ZONES], 1)
    ]

    def instant() -> datetime:
        if random.random() < 0.4:
            return random.choice(edges)
        return start + timedelta(seconds=random.randrange(DAYS * 86_400), microseconds=random.randrange(1_000_000))

    orders = [_order(random, number, tenants, instant(), edges) for number in range(1, ORDERS + 1)]
    lines = [line for order in orders for line in _lines(random, order)]
    for number, line in enumerate(lines, 1):
        line |= {"id": number, "ref": f"line-{number}"}
    customers = [
        {"id": n, "ref": f"customer-{n}", "tenant_id": random.choice(tenants)["id"]} | _times(instant())
        for n in range(1, CUSTOMERS + 1)
    ]
    return Shops(tenants, orders, lines, customers)


def _edges() -> list[datetime]:
    """Midnights of every zone, the microsecond before and after, and the hours around changes of the clocks."""
    found = []
    for zone in ZONES:
        for number in range(DAYS):
            day = FIRST + timedelta(days=number)
            midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone or "UTC")).astimezone(UTC)
            found += [midnight, midnight - timedelta(microseconds=1), midnight + timedelta(microseconds=1)]
            offsets = {(midnight + timedelta(hours=h)).astimezone(ZoneInfo(zone or "UTC")).utcoffset() for h in (0, 24)}
            if len(offsets) > 1:
                found += [midnight + timedelta(minutes=30 * half) for half in range(-4, 54)] * 10
    return found


def _order(
    random: Random, number: int, tenants: list[dict[str, Any]], made: datetime, edges: list[datetime]
) -> dict[str, Any]:
    scenario = random.random()
    paid = (
        None if scenario < 0.25 else made if scenario < 0.7 else made + timedelta(seconds=random.randrange(5 * 86_400))
    )
    if scenario > 0.9:
        paid = max(made, random.choice(edges))
    return {
        "id": number,
        "ref": f"order-{number}",
        "buyer_id": 1,
        "seller_id": 2,
        "tenant": None if random.random() < 0.05 else random.choice(tenants)["ref"],
        "status": random.choice(
            ("awaiting_payment", "declined", "cancelled") if paid is None else ("in_progress", "completed")
        ),
        "amount": random.randrange(1, 5_000_000_00),
        "currency": random.choice(CURRENCIES),
        "created_at": made,
        "paid_at": paid,
        "is_refunded": paid is not None and random.random() < 0.1,
    }


def _lines(random: Random, order: dict[str, Any]) -> list[dict[str, Any]]:
    if order["tenant"] is None:
        return []
    tenant = int(order["tenant"].removeprefix("shop-"))
    about = {"tenant_id": tenant, "order_id": order["id"], "order_ref": order["ref"], "currency": order["currency"]}
    return [
        about | {"product_ref": "p-1", "quantity": random.randrange(1, 9), "amount": 1} | _times(order["created_at"])
        for _line in range(random.randrange(4))
    ]


def _times(at: datetime) -> dict[str, Any]:
    return {"created_at": at, "updated_at": at, "stored_at": at}


def _refunded(order: dict[str, Any]) -> dict[str, Any]:
    about = {key: order[key] for key in ("buyer_id", "seller_id", "currency", "amount", "created_at")}
    return about | {"ref": f"escrow-{order['id']}", "order_id": order["id"], "policy": "deadline", "status": "refunded"}
