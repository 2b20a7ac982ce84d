"""Where money stands: accounts that are opened once, within their bounds, and the two sides of a party."""

from datetime import timedelta

import pytest
from sqlalchemy import literal, select, update

from tests.support import money
from tests.support.market import DIVINE, NOW, Market
from webapp.domain.states import AccountKind
from webapp.models import Account
from webapp.services.ledger import accounts, party_sides
from webapp.services.ledger.accounts import Place

_FLOORED = (AccountKind.WALLET, AccountKind.PENDING)


def account(market: Market, number: int) -> Account:
    return market.session.get_one(Account, number, populate_existing=True)


def owe(market: Market, party: int, amount: int) -> None:
    money.owe(market.session, party, amount, "NGN", reference=f"owed-{party}-{amount}", at=NOW, actor=DIVINE)


def test_an_account_is_opened_once_for_its_kind_owner_and_currency(market: Market) -> None:
    session, party = market.session, market.party(wallet=None).id
    places = [
        Place(AccountKind.WALLET, "NGN", party),
        Place(AccountKind.WALLET, "RWF", party),
        Place(AccountKind.RECEIVABLE, "NGN", party),
        Place(AccountKind.CLEARING, "NGN", owner="kudi"),
        Place(AccountKind.CLEARING, "NGN", owner="other"),
        Place(AccountKind.CLEARING, "RWF", owner="kudi"),
        Place(AccountKind.LOSSES, "NGN", owner="kudi"),
    ]
    assert [accounts.found(session, place) for place in places] == [None] * 7
    made = [accounts.opened(session, place, at=NOW) for place in places]
    assert len(set(made)) == 7
    assert [accounts.opened(session, place, at=NOW + timedelta(days=1)) for place in places] == made
    assert [accounts.found(session, place) for place in places] == made
    assert accounts.open_account(session, AccountKind.WALLET, party, "RWF", at=NOW) == made[1]
    assert accounts.find_account(session, AccountKind.RECEIVABLE, party, "NGN") == made[2]
    assert accounts.pool(session, AccountKind.CLEARING, "RWF", at=NOW, owner="kudi") == made[5]
    rows = [account(market, number) for number in made]
    told = [(row.kind, row.party_id, row.owner, row.currency, row.balance, row.created_at) for row in rows]
    assert told == [(place.kind, place.party_id, place.owner, place.currency, 0, NOW) for place in places]


def test_wallets_and_pending_earnings_have_a_floor_debts_a_ceiling_and_pools_neither(market: Market) -> None:
    party = market.party(wallet=None).id
    made = [accounts.open_account(market.session, kind, party, "NGN", at=NOW) for kind in _FLOORED]
    made.append(accounts.open_account(market.session, AccountKind.RECEIVABLE, party, "NGN", at=NOW))
    made.append(accounts.pool(market.session, AccountKind.FEES, "NGN", at=NOW))
    rows = [account(market, number) for number in made]
    assert [(row.floor, row.ceiling) for row in rows] == [(0, None), (0, None), (None, 0), (None, None)]


def test_the_wallets_that_are_lacking_are_opened_and_no_other(market: Market) -> None:
    session, has, lacks = market.session, market.party(wallet=700).id, market.party(wallet=None).id
    there = select(literal(has).label("party_id"), literal("NGN").label("currency"))
    wanted = there.union_all(select(literal(lacks), literal("NGN")), select(literal(has), literal("RWF"))).subquery()
    made = accounts.open_wallets(session, select(wanted), at=NOW)
    rows = [account(market, number) for number in made]
    told = {(row.kind, row.party_id, row.owner, row.currency, row.balance, row.floor) for row in rows}
    assert told == {("wallet", lacks, "", "NGN", 0, 0), ("wallet", has, "", "RWF", 0, 0)}
    assert {row.created_at for row in rows} == {NOW}
    assert accounts.open_wallets(session, select(wanted), at=NOW) == []
    assert party_sides.balance(session, AccountKind.WALLET, has, "NGN") == 700


def test_what_a_wallet_lacks_is_owed_and_a_debt_is_met_before_the_wallet(market: Market) -> None:
    session, party = market.session, market.party(wallet=1_000).id
    wallet, debt = Place(AccountKind.WALLET, "NGN", party), Place(AccountKind.RECEIVABLE, "NGN", party)
    assert party_sides.from_party(session, party, 400, "NGN") == [(wallet, -400)]
    assert party_sides.from_party(session, party, 1_000, "NGN") == [(wallet, -1_000)]
    assert party_sides.from_party(session, party, 1_400, "NGN") == [(wallet, -1_000), (debt, -400)]
    assert party_sides.to_party(session, party, 300, "NGN") == [(wallet, 300)]
    owe(market, party, 500)
    assert party_sides.to_party(session, party, 300, "NGN") == [(debt, 300)]
    assert party_sides.to_party(session, party, 500, "NGN") == [(debt, 500)]
    assert party_sides.to_party(session, party, 800, "NGN") == [(wallet, 300), (debt, 500)]
    bare = market.party(wallet=None).id
    owed = [(Place(AccountKind.RECEIVABLE, "NGN", bare), -5)]
    assert party_sides.from_party(session, bare, 5, "NGN") == owed
    assert party_sides.from_party(session, party, 5, "RWF") == [(Place(AccountKind.RECEIVABLE, "RWF", party), -5)]


def test_every_account_of_these_parties_in_a_currency_is_locked(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked: list[list[int]] = []
    monkeypatch.setattr(party_sides, "lock", lambda _session, _model, ids: locked.append(sorted(ids)))
    first, second, other = (market.party(wallet=0).id for _ in range(3))
    owe(market, second, 5)
    accounts.open_account(market.session, AccountKind.WALLET, first, "RWF", at=NOW)
    party_sides.lock_accounts(market.session, [first, second], "NGN")
    rows = market.session.scalars(select(Account).where(Account.party_id.in_([first, second, other]))).all()
    mine = [row.id for row in rows if row.party_id != other and row.currency == "NGN"]
    assert locked == [sorted(mine)]
    assert len(mine) == 3


def test_what_counts_of_a_wallet_is_what_is_above_its_floor_now(market: Market) -> None:
    session, party = market.session, market.party(wallet=1_000).id
    kept = account(market, accounts.find_account(session, AccountKind.WALLET, party, "NGN") or 0)
    mine = update(Account).where(Account.party_id == party, Account.kind == AccountKind.WALLET)
    for floor, left in ((300, 700), (1_000, 0), (-200, 1_200)):
        session.connection().execute(mine.values(floor=floor))
        assert party_sides.balance(session, AccountKind.WALLET, party, "NGN") == left
    assert kept.floor == -200, "what the session knew of it is read anew"
    session.connection().execute(mine.values(floor=0))
    owe(market, party, 900)
    assert party_sides.balance(session, AccountKind.RECEIVABLE, party, "NGN") == -900
    assert party_sides.balance(session, AccountKind.RECEIVABLE, party, "RWF") == 0
