"""Both sides of a party in a transfer: its wallet, and what it owes."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.states import AccountKind
from webapp.models import Account
from webapp.services.ledger import accounts
from webapp.services.ledger.accounts import Place
from webapp.sql import lock

Sides = list[tuple[Place | int, int]]


def lock_accounts(session: Session, party_ids: Sequence[int], currency: str) -> None:
    """Take every account of these parties at once: two decisions must not count on the same money."""
    theirs = (Account.party_id.in_(party_ids), Account.currency == currency)
    lock(session, Account, list(session.scalars(select(Account.id).where(*theirs))))


def from_party(session: Session, party_id: int, amount: int, currency: str) -> Sides:
    """Out of a party's wallet, and what that lacks is the party's debt."""
    taken = min(amount, balance(session, AccountKind.WALLET, party_id, currency))
    return _of_party(party_id, currency, wallet=-taken, debt=taken - amount)


def to_party(session: Session, party_id: int, amount: int, currency: str) -> Sides:
    """Into a party's wallet; a debt of the party is met first."""
    met = min(amount, -balance(session, AccountKind.RECEIVABLE, party_id, currency))
    return _of_party(party_id, currency, wallet=amount - met, debt=met)


def _of_party(party_id: int, currency: str, *, wallet: int, debt: int) -> Sides:
    sides = [
        (Place(AccountKind.WALLET, currency, party_id), wallet),
        (Place(AccountKind.RECEIVABLE, currency, party_id), debt),
    ]
    return [(place, amount) for place, amount in sides if amount]


def balance(session: Session, kind: AccountKind, party_id: int, currency: str) -> int:
    """What is there above the account's floor; nothing without an account."""
    number = accounts.find_account(session, kind, party_id, currency)
    if number is None:
        return 0
    account = session.get_one(Account, number, populate_existing=True)
    return account.balance if account.floor is None else max(0, account.balance - account.floor)
