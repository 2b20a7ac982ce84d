"""What a reversal left its party owing, and what of it is met first when the same escrow pays that party again.

A repayment by hand or by auto-deduct meets a party's oldest debt first, so a debt is left of a reversal as far as what
is owed now exceeds what became owed after it.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from webapp.domain.money.money import Money
from webapp.domain.states import AccountKind, TransferKind
from webapp.domain.words import joined, phrase
from webapp.models import Account, Entry, Escrow, Transfer
from webapp.models.base import BigInt
from webapp.services.ledger import accounts, posting
from webapp.services.ledger.accounts import Place
from webapp.sql import Column, one_of, shared_alias

_Later, _Its = shared_alias(Entry), shared_alias(Transfer)


@dataclass(frozen=True, slots=True)
class Met:
    """So much of an escrow's payment to a party goes to the debt's account instead of the wallet, in minor units."""

    escrow_id: int
    party_id: int
    account_id: int
    amount: int
    rest: int
    """What of the payment is left for the wallet."""


@dataclass(frozen=True, slots=True)
class _Left:
    """What the entries of an escrow's reversals, and of its payments since, leave owing; and what came after them."""

    escrow_id: int
    account_id: int
    amount: int
    other_since: int
    """What became owed after the last of them by anything but a reversal."""


def to_meet(
    session: Session,
    ids: Sequence[int],
    *,
    seller: Column | None,
    buyer: Column | None,
    touched: Collection[int] | None = None,
) -> list[Met]:
    """What these escrows meet when they pay their parties these columns; the caller has their rows to itself.

    With `touched`, the accounts that the payment moves, the parties' accounts are locked before their balances are
    looked at: what another repays meanwhile is not taken twice. Without it nothing is locked, as for a preview.
    """
    shares = _shares(session, ids, seller, buyer)
    if not shares:
        return []
    if touched is not None:
        posting.lock_party_accounts(session, {*touched, *(account for _, account in shares)})
    owed = {account: -balance for account, balance in posting.balances(session, _accounts(shares)).items()}
    reversed_since: dict[int, int] = defaultdict(int)
    found = []
    for left in _lefts(session, _accounts(shares)):
        party_id, share = shares.get((left.escrow_id, left.account_id), (0, 0))
        unpaid = owed[left.account_id] - left.other_since - reversed_since[left.account_id]
        amount = min(left.amount, share, unpaid)
        if amount > 0:
            found.append(Met(left.escrow_id, party_id, left.account_id, amount, share - amount))
        reversed_since[left.account_id] += left.amount
    return found


def may_owe(escrow: Escrow) -> bool:
    """Whether a debt of its reversal is possible: it was held again since."""
    return escrow.hold_no > 1


def owed_after(session: Session, escrow: Escrow, debt: Place, more: int) -> int:
    """What a party would owe of the escrow's reversals, `more` included that the next of them makes."""
    account = accounts.found(session, debt)
    if account is None:
        return more
    owed = -posting.balances(session, [account])[account] + more
    mine = (Entry.account_id == account, Transfer.escrow_id == escrow.id, _is_of_reversal(Transfer))
    total = select(func.coalesce(func.sum(-Entry.amount), 0).cast(BigInt))
    before = session.scalars(total.join(Transfer, Transfer.id == Entry.transfer_id).where(*mine)).one()
    return min(before + more, owed)


def in_words(met: Sequence[Met], escrow: Escrow) -> str:
    """A phrase to add to a sentence about one escrow's payment; empty when nothing is met."""
    parts = []
    for each in met:
        amount = Money(each.amount, escrow.currency)
        if each.party_id == escrow.seller_id:
            parts.append(phrase("; %(amount)s of it meets the seller's debt of the reversal", amount=amount))
        else:
            parts.append(phrase("; %(amount)s of it meets the buyer's debt of the reversal", amount=amount))
        if each.rest:
            parts.append(phrase(" and %(amount)s goes into the wallet", amount=Money(each.rest, escrow.currency)))
    return joined(*parts, between="")


def _shares(
    session: Session, ids: Sequence[int], seller: Column | None, buyer: Column | None
) -> dict[tuple[int, int], tuple[int, int]]:
    """By escrow and debt's account, of those that were reversed to a debt: the party, and what it is to get now."""
    sides = [
        (party, amount)
        for party, amount in ((Escrow.seller_id, seller), (Escrow.buyer_id, buyer))
        if amount is not None
    ]
    share = case(*((Account.party_id == party, amount) for party, amount in sides), else_=0)
    rows = (
        select(Escrow.id, Account.id, Account.party_id, share)
        .join(Transfer, and_(Transfer.escrow_id == Escrow.id, Transfer.kind == TransferKind.REVERSAL))
        .join(Entry, Entry.transfer_id == Transfer.id)
        .join(Account, and_(Account.id == Entry.account_id, Account.kind == AccountKind.RECEIVABLE))
        .where(one_of(session, Escrow.id, ids), Escrow.hold_no > 1, share > 0)
    )
    return {(escrow, account): (party or 0, amount) for escrow, account, party, amount in session.execute(rows)}


def _accounts(shares: Collection[tuple[int, int]]) -> list[int]:
    return sorted({account for _, account in shares})


def _lefts(session: Session, accounts: Sequence[int]) -> list[_Left]:
    """Every debt of a reversal on these accounts that its escrow has not met whole since; the newest first."""
    owed = func.sum(-Entry.amount).cast(BigInt)
    last = func.max(case((Entry.amount < 0, Entry.id)))
    left = (
        select(Transfer.escrow_id, Entry.account_id, owed.label("amount"), last.label("last"))
        .join(Entry, Entry.transfer_id == Transfer.id)
        .where(one_of(session, Entry.account_id, accounts), _is_of_reversal(Transfer))
        .group_by(Transfer.escrow_id, Entry.account_id)
        .having(owed > 0)
        .subquery()
    )
    since = (_Later.account_id == left.c.account_id, _Later.id > left.c.last, _Later.amount < 0)
    other = (
        select(func.coalesce(func.sum(-_Later.amount), 0).cast(BigInt))
        .join(_Its, _Its.id == _Later.transfer_id)
        .where(*since, ~_is_of_reversal(_Its))
        .scalar_subquery()
    )
    rows = select(left.c.escrow_id, left.c.account_id, left.c.amount, other).order_by(left.c.last.desc())
    return [_Left(*row) for row in session.execute(rows)]


def _is_of_reversal(transfer: Any) -> ColumnElement[bool]:
    """That its entries on a debt's account make, or meet, the debt of an escrow's reversal."""
    return and_(transfer.escrow_id.is_not(None), or_(transfer.kind == TransferKind.REVERSAL, transfer.is_disbursement))
