"""What a posting writes: every column of a transfer, every entry, each balance once, and the day's figures."""

from datetime import date, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import select

from tests.support.market import NOW, Market
from webapp.domain.states import AccountKind, TransferKind
from webapp.models import DailyFigure, Entry, MirrorEntry, Transfer
from webapp.services.ledger import accounts, bulk_posting, daily_totals, posting
from webapp.services.ledger.accounts import Place
from webapp.services.ledger.bulk_posting import BulkTransfer
from webapp.services.ledger.posting import Posted


def wallets(market: Market, *amounts: int, currency: str = "NGN") -> list[int]:
    made = [market.party(wallet=amount, currency=currency).id for amount in amounts]
    found = (accounts.find_account(market.session, AccountKind.WALLET, party, currency) for party in made)
    return [number or 0 for number in found]


def balances(market: Market, *numbers: int) -> list[int]:
    found = posting.balances(market.session, numbers)
    return [found[number] for number in numbers]


def entries(market: Market, transfer: int) -> set[tuple[int, str, int]]:
    mine = select(Entry.account_id, Entry.currency, Entry.amount).where(Entry.transfer_id == transfer)
    return {(account, currency, amount) for account, currency, amount in market.session.execute(mine)}


def columns(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in posting.TRANSFER_COLUMNS if name != "key"}


def test_one_transfer_is_written_with_all_that_it_says(market: Market) -> None:
    session, escrow = market.session, market.escrow(10_000)
    giver, taker = wallets(market, 500, 0)
    plain = posting.post(
        session,
        reference="plain",
        kind=TransferKind.REPAYMENT,
        currency="NGN",
        legs=[(giver, -300), (taker, 300), (escrow.held_account_id or 0, 0)],
        at=NOW,
    )
    full = posting.post(
        session,
        reference="full",
        kind=TransferKind.REVERSAL,
        currency="NGN",
        legs=[(taker, -300), (giver, 100), (giver, 200)],
        at=NOW + timedelta(hours=1),
        escrow_id=escrow.id,
        hold_no=9,
        is_disbursement=True,
        reverses_id=plain,
    )
    nothing = {"escrow_id": None, "hold_no": None, "is_disbursement": False, "reverses_id": None, "run_id": None}
    told = {"reference": "plain", "kind": "repayment", "currency": "NGN", "amount": 300, "at": NOW} | nothing
    assert columns(session.get_one(Transfer, plain)) == told
    more: dict[str, Any] = {"escrow_id": escrow.id, "hold_no": 9, "is_disbursement": True, "reverses_id": plain}
    more |= {"reference": "full", "kind": "reversal", "at": NOW + timedelta(hours=1)}
    assert columns(session.get_one(Transfer, full)) == told | more
    assert entries(market, plain) == {(giver, "NGN", -300), (taker, "NGN", 300)}
    assert entries(market, full) == {(taker, "NGN", -300), (giver, "NGN", 100), (giver, "NGN", 200)}
    assert balances(market, giver, taker) == [500, 0]


def test_many_transfers_are_written_each_with_its_own_entries(market: Market) -> None:
    session, [giver, taker] = market.session, wallets(market, 500, 0)
    [rwf, other] = wallets(market, 70, 0, currency="RWF")
    moves = [
        BulkTransfer("bulk-1", "NGN", giver, taker, 300),
        BulkTransfer("bulk-2", "RWF", rwf, other, 70),
        BulkTransfer("bulk-3", "NGN", taker, giver, 100),
    ]
    made = bulk_posting.post_rows(session, moves, kind=TransferKind.REPAYMENT, at=NOW)
    assert made == Posted(3, {"NGN": 400, "RWF": 70})
    rows = session.scalars(select(Transfer).where(Transfer.reference.like("bulk-%")).order_by(Transfer.reference)).all()
    nothing = {"escrow_id": None, "hold_no": None, "is_disbursement": False, "reverses_id": None, "run_id": None}
    for row, move in zip(rows, moves, strict=True):
        told = {"reference": move.reference, "kind": "repayment", "currency": move.currency, "amount": move.amount}
        assert columns(row) == told | {"at": NOW} | nothing
        assert entries(market, row.id) == {
            (move.source, move.currency, -move.amount),
            (move.target, move.currency, move.amount),
        }
    assert balances(market, giver, taker, rwf, other) == [300, 200, 0, 70]
    assert bulk_posting.post_rows(session, [], kind=TransferKind.REPAYMENT, at=NOW) == Posted(0, {})


@pytest.mark.parametrize("is_mirrored", [True, False])
def test_each_transfer_is_noted_for_the_external_ledger_where_there_is_one(market: Market, is_mirrored: bool) -> None:
    session, [giver, taker] = market.session, wallets(market, 500, 0)
    session.info[posting.MIRRORED] = is_mirrored
    moves = [BulkTransfer(f"bulk-{number}", "NGN", giver, taker, 30) for number in range(2)]
    bulk_posting.post_rows(session, moves, kind=TransferKind.REPAYMENT, at=NOW)
    legs = [(giver, -5), (taker, 5)]
    posting.post(session, reference="bulk-2", kind=TransferKind.DEPOSIT, currency="NGN", legs=legs, at=NOW)
    session.info[posting.MIRRORED] = False
    due = select(Transfer.reference, MirrorEntry.status, MirrorEntry.attempts, MirrorEntry.next_try_at)
    noted = session.execute(due.join(MirrorEntry, MirrorEntry.transfer_id == Transfer.id).order_by(Transfer.id)).all()
    wanted = [(f"bulk-{number}", "waiting", 0, NOW) for number in range(3)] if is_mirrored else []
    assert sorted(tuple(row) for row in noted) == wanted


def test_a_pool_moves_once_by_what_the_transaction_posted(market: Market) -> None:
    session, [giver] = market.session, wallets(market, 500)
    fees = accounts.opened(session, Place(AccountKind.FEES, "NGN"), at=NOW)
    for number, amount in enumerate((10, 20)):
        legs = [(giver, -amount), (fees, amount)]
        posting.post(session, reference=f"f{number}", kind=TransferKind.DEPOSIT, currency="NGN", legs=legs, at=NOW)
    assert balances(market, giver) == [470]
    posting.settle_pools(session)
    assert balances(market, fees) == [30]
    posting.settle_pools(session)
    assert balances(market, fees) == [30]


def figures(market: Market) -> dict[tuple[date, str], tuple[int, int, int]]:
    daily_totals.settle_figures(market.session)
    rows = market.session.scalars(select(DailyFigure).execution_options(populate_existing=True))
    return {(row.day, row.currency): (row.held, row.released, row.refunded) for row in rows}


def test_the_days_figures_count_by_kind_currency_and_utc_day(market: Market) -> None:
    session, late = market.session, NOW.replace(hour=23, minute=59).astimezone(timezone(timedelta(hours=3)))
    for kind, amount in zip(TransferKind, range(1, 99), strict=False):
        daily_totals.note_figures(session, kind, {"NGN": 10 * amount, "RWF": amount}, late)
    kinds = list(TransferKind)
    held = sum(kinds.index(kind) + 1 for kind in (TransferKind.HOLD, TransferKind.CREDIT, TransferKind.PENDING_EARNING))
    released = sum(kinds.index(kind) + 1 for kind in (TransferKind.RELEASE, TransferKind.EARNING))
    refunded = kinds.index(TransferKind.REFUND) + 1
    once = (held, released, refunded)
    assert figures(market) == {
        (NOW.date(), "NGN"): (10 * held, 10 * released, 10 * refunded),
        (NOW.date(), "RWF"): once,
    }
    daily_totals.note_figure(session, "released", "RWF", -3, late + timedelta(minutes=1))
    daily_totals.note_figure(session, "held", "RWF", 5, late)
    daily_totals.note_figure(session, "refunded", "RWF", 7, late)
    daily_totals.note_figure(session, "refunded", "RWF", -7, late)
    told = figures(market)
    assert told[NOW.date(), "RWF"] == (held + 5, released, refunded)
    assert told[NOW.date() + timedelta(days=1), "RWF"] == (0, -3, 0)
    assert figures(market) == told


def test_a_posting_of_many_counts_in_the_days_figures(market: Market) -> None:
    giver, taker = wallets(market, 500, 0)
    before = figures(market).get((NOW.date(), "NGN"), (0, 0, 0))
    moves = [BulkTransfer(f"bulk-{number}", "NGN", giver, taker, 30) for number in range(2)]
    bulk_posting.post_rows(market.session, moves, kind=TransferKind.RELEASE, at=NOW)
    assert figures(market)[NOW.date(), "NGN"] == (before[0], before[1] + 60, before[2])
