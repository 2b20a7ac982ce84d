"""The cases that everybody wants to see: a very large one, a seller without a wallet, parties in debt."""

from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from webapp.demo.seed.context import DEMO, SeedContext, to_the_minute
from webapp.demo.seed.marketplaces import MARKETS, Market
from webapp.demo.seed.orders import RELEASE_AFTER, Trade
from webapp.domain.states import AccountKind, TransferKind
from webapp.models import AutoDeduct
from webapp.services.audit import trail
from webapp.services.ledger import accounts
from webapp.services.ledger import posting as ledger_posting

_DEBTORS = (
    # currency, buyer, enabled, percent, daily maximum, minimum balance, deposit, debt: minor units
    ("RWF", "Uwimana Shop", True, 30, None, 10_000, 260_000, 180_000),
    ("RWF", "Iwacu Kiosk", True, 50, 20_000, 10_000, 4_000, 95_000),
    ("RWF", "Gisozi Mini Market", False, 30, None, 10_000, 150_000, 120_000),
    ("NGN", "Tunde Bakare Stores", True, 25, 3_000_000, 500_000, 9_000_000, 12_500_000),
    ("KES", "Kamau Builders", False, 30, None, 0, 600_000, 2_400_000),
    ("KES", "Mutua Farm", True, 40, None, 250_000, 90_000, 1_350_000),
    ("PHP", "Reyes Sari-Sari", True, 30, 150_000, 0, 2_200_000, 1_800_000),
)
"""With the standing order on, off, limited by a daily maximum, and with a wallet below the minimum."""


def market_of(currency: str) -> Market:
    """The market of a currency."""
    return next(market for market in MARKETS if market.currency == currency)


def edge_case_trades(context: SeedContext) -> list[Trade]:
    """Trades that are drawn by hand."""
    return [*_large(context), *_blocked(context), *_on_credit(context), *_tonight(context)]


def _large(context: SeedContext) -> list[Trade]:
    """Disputed, and larger than one person may decide: one to be decided, one that waits for its second person."""
    made = []
    for currency, scenario, days in (
        ("NGN", "disputed_large", 5.5),
        ("KES", "proposed", 6.2),
        ("USD", "proposed", 4.1),
    ):
        market = market_of(currency)
        made.append(_trade(context, market, scenario, market.buyers[0], market.sellers[0], market.large, days))
    return made


def _blocked(context: SeedContext) -> list[Trade]:
    """Due, and their seller has no wallet to be paid into."""
    made = []
    for market in MARKETS:
        if market.blocked:
            made += [
                _trade(context, market, "blocked", market.buyers[n], market.blocked, market.low * (4 + n), 8.6 + n / 2)
                for n in (1, 2)
            ]
    return made


def _on_credit(context: SeedContext) -> list[Trade]:
    made = []
    for number, (currency, buyer, *_, debt) in enumerate(_DEBTORS):
        market = market_of(currency)
        trade = _trade(context, market, "paid_out", buyer, market.sellers[number % 5], debt, 24 + number)
        trade.on_credit = True
        made.append(trade)
    return made


def _tonight(context: SeedContext) -> list[Trade]:
    """Due in the coming night, so that its dry run has something to show in every currency."""
    return [
        _trade(context, market, "paid_out", market.buyers[n], market.sellers[n], market.low * (5 + n), 6.97 - n / 100)
        for market in MARKETS
        for n in (0, 1, 2)
        if market.sellers[n] != market.blocked
    ]


def _trade(
    context: SeedContext, market: Market, scenario: str, buyer: str, seller: str, amount: int, days: float
) -> Trade:
    created = to_the_minute(context.ago(days=days))
    goods = market.goods[len(buyer) % len(market.goods)]
    return Trade(market, scenario, "", buyer, seller, goods, amount, created, release_at=created + RELEASE_AFTER)


def add_auto_deduct_mandates(context: SeedContext) -> None:
    """Auto-deduct of the parties in debt."""
    rows: list[dict[str, Any]] = [
        {
            "party_id": market_of(currency).ids[buyer],
            "currency": currency,
            "enabled": enabled,
            "percent": percent,
            "daily_max": daily_max,
            "minimum_balance": minimum,
            "version": 1,
        }
        for currency, buyer, enabled, percent, daily_max, minimum, _, _ in _DEBTORS
    ]
    context.session.execute(insert(AutoDeduct), rows)
    for row in rows:
        trail.record(
            context.session,
            DEMO,
            "party.auto_deduct",
            ("party", row["party_id"]),
            at=context.ago(20),
            after={"enabled": row["enabled"], "percent": row["percent"]},
        )


def wallets_of_debtors() -> list[tuple[Market, str, int]]:
    """Market, name and first deposit of each party in debt."""
    return [(market_of(currency), buyer, deposit) for currency, buyer, *_, deposit, _ in _DEBTORS]


def repay(context: SeedContext, run_id: int, number: int) -> dict[str, int]:
    """What one past automatic deduction took, per currency: one party a night pays a twentieth of its first debt."""
    slot = context.ago(days=number)
    currency, buyer, enabled, _, _, _, _, debt = _DEBTORS[number % len(_DEBTORS)]
    if not enabled or number > 20:
        return {}
    market, amount = market_of(currency), debt // 20
    party_id = market.ids[buyer]
    wallet = context.wallet(party_id, currency)
    if ledger_posting.balances(context.session, [wallet])[wallet] < amount:
        return {}
    owed = accounts.open_account(context.session, AccountKind.RECEIVABLE, party_id, currency, at=slot)
    ledger_posting.post(
        context.session,
        reference=f"demo-deduct-{party_id}-{slot:%Y%m%d}",
        kind=TransferKind.REPAYMENT,
        currency=currency,
        legs=[(wallet, -amount), (owed, amount)],
        at=slot,
        run_id=run_id,
    )
    trail.record(
        context.session,
        DEMO,
        "party.repay",
        ("party", party_id),
        at=slot + timedelta(seconds=1),
        after={"amount": amount},
    )
    return {currency: amount}
