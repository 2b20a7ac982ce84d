"""A transfer to be is shown as it is written then: whose account, how much, and the balance after each entry."""

import pytest
from sqlalchemy import select

from tests.support.market import NOW, Market
from webapp.domain.states import AccountKind, TransferKind
from webapp.models import Account, Entry, Escrow
from webapp.services.ledger import reversal_debts, transfers
from webapp.services.ledger.accounts import Place
from webapp.services.ledger.reversal_debts import Met
from webapp.services.ledger.transfers import Draft, Leg


def wallet_of(market: Market, party: int) -> int:
    mine = (Account.party_id == party, Account.kind == AccountKind.WALLET)
    return market.session.scalars(select(Account.id).where(*mine)).one()


def test_each_entry_is_shown_with_its_account_and_the_balance_after_it(market: Market) -> None:
    seller, bare = market.party("seller", wallet=1_000), market.party("bare", wallet=None)
    wallet = wallet_of(market, seller.id)
    sides: list[tuple[Place | int, int]] = [
        (wallet, -300),
        (Place(AccountKind.WALLET, "NGN", party_id=seller.id), 100),
        (Place(AccountKind.WALLET, "NGN", party_id=bare.id), 150),
        (Place(AccountKind.CLEARING, "NGN", owner="kudi"), 30),
        (Place(AccountKind.LOSSES, "NGN"), 20),
        (Place(AccountKind.FEES, "NGN"), 0),
    ]
    draft = Draft("split-1", TransferKind.CREDIT, "NGN", sides)
    shown = transfers.legs(market.session, [draft])

    assert shown == [
        Leg(wallet, "wallet of Seller", -300, 700),
        Leg(wallet, "wallet of Seller", 100, 800),
        Leg(None, "wallet of Bare (new)", 150, 150),
        Leg(None, "clearing kudi (new)", 30, 30),
        Leg(None, "losses (new)", 20, 20),
    ]
    transfers.write(market.session, [draft], at=NOW)
    entries = market.session.scalars(select(Entry.amount).order_by(Entry.id.desc()).limit(5)).all()
    assert sorted(entries) == sorted(leg.amount for leg in shown)
    again = transfers.legs(market.session, [draft])
    assert [(leg.label, leg.balance_after) for leg in again[2:]] == [
        ("wallet of Bare", 300),
        ("clearing kudi", 60),
        ("losses", 40),
    ]


def test_what_waits_in_this_transaction_for_a_pool_counts(market: Market) -> None:
    escrow = market.escrow(10_000)
    draft = Draft("split-2", TransferKind.CREDIT, "NGN", [(escrow.held_account_id or 0, -4_000)])
    [leg] = transfers.legs(market.session, [draft])
    assert (leg.label, leg.balance_after) == ("escrow", 6_000)


@pytest.mark.parametrize(
    ("met", "words"),
    [
        ([], ""),
        ([("seller", 300, 0)], "; NGN 3.00 of it meets the seller's debt of the reversal"),
        (
            [("buyer", 300, 0), ("seller", 200, 50)],
            "; NGN 3.00 of it meets the buyer's debt of the reversal"
            "; NGN 2.00 of it meets the seller's debt of the reversal and NGN 0.50 goes into the wallet",
        ),
    ],
)
def test_whose_debt_is_met_is_said(met: list[tuple[str, int, int]], words: str) -> None:
    escrow, parties = Escrow(seller_id=1, buyer_id=2, currency="NGN"), {"seller": 1, "buyer": 2}
    rows = [Met(7, parties[side], 9, amount, rest) for side, amount, rest in met]
    assert reversal_debts.in_words(rows, escrow) == words
