"""Transfers and statements as people and programs are told them: every field, in order, and in parts."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.market import LATER, NOW, Market
from webapp.domain.actors import job_actor
from webapp.domain.states import AccountKind, TransferKind
from webapp.errors import NotFound
from webapp.models import Account, Entry, Escrow, Transfer
from webapp.services.escrows import release as escrow_release
from webapp.services.ledger import accounts, bulk_posting, statements, transfer_queries
from webapp.services.ledger.bulk_posting import BulkTransfer
from webapp.services.ledger.statements import StatementEntry
from webapp.services.ledger.transfer_queries import Side, TransferDetail

JOB = job_actor("auto_release")


def told(*sides: tuple[str, str, int], kind: str = "release", minutes: int = 0) -> TransferDetail:
    rows = [Side(account, owner, None, amount) for account, owner, amount in sides]
    return TransferDetail(1, "r", kind, NOW + timedelta(minutes=minutes), 1, "NGN", None, None, rows)


def released(market: Market, fee: int = 500) -> Escrow:
    escrow = market.escrow(10_000, fee=fee)
    escrow_release.release_all(market.session, [escrow.id], at=LATER, actor=JOB, reason="expired")
    return escrow


@pytest.mark.parametrize(
    ("sides", "words", "inside"),
    [
        ([(AccountKind.WALLET, "Ama", 1)], "NGN 0.01 into the wallet of Ama", None),
        ([(AccountKind.WALLET, "Ama", -250)], "NGN 2.50 out of the wallet of Ama", None),
        ([(AccountKind.RECEIVABLE, "Ama", 1)], "NGN 0.01 off the debt of Ama", None),
        ([(AccountKind.RECEIVABLE, "Ama", -1)], "NGN 0.01 more owed by Ama", None),
        ([(AccountKind.FEES, "", 1), (AccountKind.ESCROW, "", -1)], "NGN 0.01 fee", None),
        ([(AccountKind.FEES, "", -1)], "NGN 0.01 of the fee given back", None),
        ([(AccountKind.LOSSES, "", 1)], "NGN 0.01 back to the platform", None),
        ([(AccountKind.LOSSES, "", -1)], "NGN 0.01 borne by the platform", None),
        (
            [(AccountKind.CLEARING, "paystack", 7), (AccountKind.WALLET, "Ama", 3)],
            "NGN 0.07 back through paystack, NGN 0.03 into the wallet of Ama",
            "NGN 0.03 into the wallet of Ama",
        ),
        ([(AccountKind.CLEARING, "paystack", -7)], "", None),
        ([], "", None),
    ],
)
def test_who_got_or_gave_how_much_is_said(
    sides: Sequence[tuple[str, str, int]], words: str, inside: str | None
) -> None:
    assert told(*sides).shares_in_words() == words
    assert told(*sides).shares_in_words(inside=True) == (words if inside is None else inside)


def test_what_came_after_it_had_gone_is_told_apart() -> None:
    gone = Escrow(closed_at=NOW)
    before, then, later = (told(kind=TransferKind.TAKEN_BACK, minutes=minutes) for minutes in (-1, 0, 1))
    back, other = told(kind=TransferKind.CAME_BACK, minutes=2), told(minutes=3)
    assert transfer_queries.since_closed([before, then, later, back, other], gone) == [then, later, back]
    assert transfer_queries.since_closed([before, then, later, back, other], Escrow(closed_at=None)) == []


def test_each_transfer_of_an_escrow_is_told_whole_in_its_order(market: Market) -> None:
    escrow, session = released(market), market.session
    rows = session.scalars(select(Transfer).where(Transfer.escrow_id == escrow.id).order_by(Transfer.id)).all()
    found = transfer_queries.of_escrow(session, escrow.id)

    assert [
        (each.id, each.reference, each.kind, each.at, each.amount, each.currency, each.run_id, each.reverses_id)
        for each in found
    ] == [(row.id, row.reference, row.kind, row.at, row.amount, row.currency, None, None) for row in rows]
    assert sorted((each.kind, each.owner, each.party_id, each.amount) for each in found[1].sides) == [
        ("escrow", "", None, -10_000),
        ("fees", "", None, 500),
        ("wallet", "Seller", escrow.seller_id, 9_500),
    ]
    assert ("clearing", "api", None) in [(each.kind, each.owner, each.party_id) for each in found[0].sides]


def test_the_latest_are_shown_and_a_page_goes_on_after_the_last_seen(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    escrow, session = released(market), market.session
    held, out = transfer_queries.of_escrow(session, escrow.id)
    monkeypatch.setattr(transfer_queries, "MOST", 1)
    assert transfer_queries.of_escrow(session, escrow.id) == [out]
    assert transfer_queries.page_of_escrow(session, escrow.id, after=0, limit=1) == [held]
    assert transfer_queries.page_of_escrow(session, escrow.id, after=held.id, limit=9) == [out]
    assert transfer_queries.page_of_escrow(session, escrow.id, after=out.id, limit=9) == []
    assert transfer_queries.by_reference(session, out.reference) == transfer_queries.one(session, out.id) == out
    assert transfer_queries.by_reference(session, "nothing") is None
    with pytest.raises(NotFound, match=r"^There is no transfer 99999999\.$"):
        transfer_queries.one(session, 99_999_999)


def test_a_statement_tells_the_balance_after_each_entry_newest_first(market: Market) -> None:
    seller, session = market.party("seller", wallet=1_000), market.session
    escrows = [market.escrow(10_000, fee=500, seller=seller) for _ in range(2)]
    for escrow in escrows:
        escrow_release.release_all(session, [escrow.id], at=LATER, actor=JOB, reason="expired")
    wallet = session.scalars(select(Account.id).where(Account.party_id == seller.id, Account.kind == "wallet")).one()
    joined = select(Entry, Transfer).join(Transfer, Transfer.id == Entry.transfer_id)
    rows = session.execute(joined.where(Entry.account_id == wallet).order_by(Entry.id.desc())).all()
    lines = statements.statement(session, wallet)

    assert lines == [
        StatementEntry(entry.id, moved.id, moved.reference, moved.kind, escrow, entry.amount, balance, moved.at)
        for (entry, moved), escrow, balance in zip(
            rows, [escrows[1].id, escrows[0].id, None], [20_000, 10_500, 1_000], strict=True
        )
    ]
    assert statements.statement(session, wallet, limit=1) == lines[:1]
    assert statements.statement(session, wallet, before=lines[0].entry_id) == lines[1:]
    assert statements.statement(session, wallet, before=lines[0].entry_id, limit=1) == lines[1:2]
    assert statements.statement(session, wallet, before=lines[0].entry_id + 1) == lines
    with pytest.raises(NotFound, match=r"^There is no account 99999999\.$"):
        statements.statement(session, 99_999_999)


def test_a_statement_has_fifty_entries_unless_more_are_asked_for(market: Market) -> None:
    giver, taker = (market.party(wallet=1_000).id for _ in range(2))
    session = market.session
    [source, target] = [accounts.find_account(session, AccountKind.WALLET, each, "NGN") or 0 for each in (giver, taker)]
    moves = [BulkTransfer(f"many-{number}", "NGN", source, target, 1) for number in range(51)]
    bulk_posting.post_rows(session, moves, kind=TransferKind.REPAYMENT, at=NOW)
    assert len(statements.statement(session, source)) == 50
    assert len(statements.statement(session, source, limit=99)) == 52
