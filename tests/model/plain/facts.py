"""What the design says once and for all: who may do what, when jobs run, how fees and repayments are reckoned."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

PEOPLE = {
    "Amina": "agent",
    "Bosco": "agent",
    "Chika": "approver",
    "Divine": "admin",
    "Vera": "viewer",
    "Olu": "operator",
}
_CASE = {"freeze", "dispute", "propose", "extend", "mandate"}
MAY = {
    "viewer": set[str](),
    "agent": _CASE,
    "approver": _CASE | {"approve", "open_wallet"},
    "operator": {"run", "pause", "pay_out", "subscribe"},
    "admin": _CASE
    | {"approve", "open_wallet", "run", "pause", "reverse", "stop", "write", "party_money"}
    | {"payout", "pay_out", "subscribe"},
}
"""By role."""

LIMITS = {"NGN": 20_000}
"""What one person may decide alone, on the whole escrow and in a day, in minor units; none set means zero."""
DEFAULT_CURRENCY = "RWF"
EXPIRY = timedelta(hours=72)
GRACE = timedelta(days=7)
ANSWERS_WITHIN = timedelta(hours=72)
ASKED_FOR = timedelta(hours=24)
"""So long a payment is asked about before it is given up."""
UNPAID_AFTER = timedelta(hours=48)
RELEASE_AFTER = timedelta(days=7)
BUFFER = timedelta(days=7)
COOLDOWN = timedelta(hours=24)
PERCENT = 30
MINIMUM = {"RWF": 10_000}
"""What auto-deduct takes of a debt, and leaves in a wallet, where a party's standing order says nothing of its own."""

PAYS_OUT = {"NGN": "paystack"}
"""By currency the provider that pays it out."""
DESTINATION_WAITS = timedelta(hours=24)
SETTLES_WITHIN = LOOKED_UP_WITHIN = RESENT_FOR = timedelta(hours=24)
MOST_TRIES, TRY_REST, PROBED_EVERY = 3, timedelta(hours=1), timedelta(minutes=10)
WATCHED = timedelta(days=30)

NAIROBI = ZoneInfo("Africa/Nairobi")
JOBS = {
    "auto_release": ("deadline", 2, 24, NAIROBI),
    "release_completed_orders": ("completion", 0, 2, UTC),
    "release_pending_earnings": ("buffer", 0, 1, UTC),
    "release_placement_holds": ("placement", 3, 24, UTC),
    "auto_deduct": ("", 23, 24, NAIROBI),
    "create_missing_wallets": ("", 10, 24, UTC),
    "check_pending_payments": ("", 0, 1, UTC),
    "process_payout_schedules": ("", 2, 24, UTC),
    "expire_subscriptions": ("", 0, 24, UTC),
}
"""Each job: the policy that it pays, the hour of its first slot of a day, the hours between slots, and its zone."""


def slots_until(job: str, after: datetime, until: datetime) -> list[datetime]:
    """The planned instants of a job after one instant, up to another."""
    _policy, hour, every, zone = JOBS[job]
    slot = after.astimezone(zone).replace(hour=hour, minute=0, second=0, microsecond=0) - timedelta(days=1)
    found = []
    while slot <= until:
        if slot > after:
            found.append(slot.astimezone(UTC))
        slot += timedelta(hours=every)
    return found


def local_day(at: datetime) -> str:
    """The day in the zone in which repayments are counted."""
    return at.astimezone(NAIROBI).date().isoformat()


def fee_of(fee: int, part: int, whole: int) -> int:
    """The fee is proportional to what the seller gets of the whole; less than a unit is not taken."""
    return fee * part // whole


def repayment(debt: int, wallet: int, percent: int, minimum: int, left_today: int | None) -> int:
    """What auto-deduct takes: percent of the debt, at least a unit, within everything that bounds it; 0 for nothing."""
    if wallet < minimum:
        return 0
    share = (debt * percent + 99) // 100
    bounds = [share, debt, wallet - minimum]
    if left_today is not None:
        bounds.append(left_today)
    return max(0, min(bounds))


def next_try(attempts: int, at: datetime) -> datetime:
    """When a provider is asked again about what is not settled: every minute at first and seldomer then."""
    return at + min(timedelta(minutes=1 << min(attempts, 10)), timedelta(hours=6))


def next_check(settled: datetime, at: datetime) -> datetime | None:
    """When it is asked again about what is settled: seldomer with its age, for 30 days."""
    again = at + min(max(at - settled, timedelta(hours=1)), timedelta(days=3))
    return again if again <= settled + WATCHED else None
