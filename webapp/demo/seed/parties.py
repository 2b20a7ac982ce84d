"""The parties of the demo, with wallets; one seller in two markets never opened one."""

from sqlalchemy import insert, select

from webapp.demo.seed.context import DAYS, DEMO, SeedContext
from webapp.demo.seed.marketplaces import MARKETS, Market
from webapp.domain.states import AccountKind, TransferKind
from webapp.models import Party
from webapp.services.audit import trail
from webapp.services.ledger import posting as ledger_posting


def add_parties(context: SeedContext) -> None:
    """Add every party, verified for long; `market.ids` knows them by name afterwards."""
    rows = [row for market in MARKETS for row in _rows(context, market)]
    context.session.execute(insert(Party), rows)
    found = select(Party.ref, Party.id).where(Party.ref.in_([row["ref"] for row in rows]))
    ids = dict(context.session.execute(found).all())
    for market in MARKETS:
        market.ids.clear()
        market.ids.update({name: ids[_ref(market, name)] for name in (*market.sellers, *market.buyers)})
        for name, party_id in market.ids.items():
            if name != market.blocked:
                context.wallet(party_id, market.currency)
    for name, party_id in sorted(ids.items()):
        trail.record(
            context.session, DEMO, "party.create", ("party", party_id), at=context.ago(DAYS + 20), after={"ref": name}
        )


def deposit(context: SeedContext, market: Market, name: str, amount: int, days: float) -> None:
    """Money that a party brought in, so many days ago."""
    party_id = market.ids[name]
    legs = [(clearing(context, market), -amount), (context.wallet(party_id, market.currency), amount)]
    ledger_posting.post(
        context.session,
        reference=f"demo-deposit-{party_id}-{int(days)}",
        kind=TransferKind.DEPOSIT,
        currency=market.currency,
        legs=legs,
        at=context.ago(days),
    )


def clearing(context: SeedContext, market: Market) -> int:
    """Where a market's money comes in."""
    return context.pool(AccountKind.CLEARING, market.currency, _provider(market))


def _provider(market: Market) -> str:
    return "paystack" if market.currency in ("NGN", "KES") else "flutterwave"


def _rows(context: SeedContext, market: Market) -> list[dict[str, object]]:
    made = context.ago(DAYS + 20)
    return [
        {
            "ref": _ref(market, name),
            "name": name,
            "email": f"{_slug(name)}@trade.example",
            "demo": True,
            "phone": f"{market.dial}{5_550_000 + number * 137}",
            "verified_at": made,
            "created_at": made,
        }
        for number, name in enumerate((*market.sellers, *market.buyers), start=1)
    ]


def _ref(market: Market, name: str) -> str:
    return f"{market.prefix.lower()}-{_slug(name)}"


def _slug(name: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())
