"""A small market to test with: parties, held escrows and people with roles."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypedDict, Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support import money
from webapp.domain.actors import Actor
from webapp.domain.permissions import ROLES
from webapp.domain.states import AccountKind
from webapp.models import Account, Dispute, Escrow, Party
from webapp.runtime import Runtime
from webapp.services.approvals import limits
from webapp.services.audit import verification as audit_verification
from webapp.services.disputes import disputes
from webapp.services.disputes.disputes import NewDispute
from webapp.services.ledger import accounts, integrity_checks
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.parties import parties
from webapp.services.parties.parties import NewParty

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=8)


def person(number: int, name: str, role: str) -> Actor:
    """Someone who signed in with a role."""
    return Actor("user", number, name, ROLES[role], roles=(role,))


AMINA, BOSCO = person(1, "Amina", "agent"), person(2, "Bosco", "agent")
CHIKA, DIVINE = person(3, "Chika", "approver"), person(4, "Divine", "admin")
VIEWER = person(5, "Vera", "viewer")
_numbers = count(1)


class OrderTerms(TypedDict, total=False):
    """What an order may say beyond its parties, its amount and its fee."""

    currency: str
    policy: str
    terms: str
    release_at: datetime | None
    placement: str | None


@dataclass
class Market:
    """Actions of a test in one transaction."""

    session: Session
    runtime: Runtime
    at: datetime = NOW
    made: list[int] = field(default_factory=list)

    def party(self, name: str = "party", *, wallet: int | None = 0, currency: str = "NGN") -> Party:
        """A verified party; with None it has no wallet."""
        currencies = () if wallet is None else (currency,)
        new = NewParty(f"{name}-{next(_numbers)}", name.title(), currencies=currencies)
        party = parties.create(self.session, new, at=self.at, actor=DIVINE)
        if wallet:
            reference = f"deposit-{next(_numbers)}"
            money.deposit(self.session, party.id, wallet, currency, reference=reference, at=self.at, actor=DIVINE)
        return party

    def escrow(
        self, amount: int = 10_000, *, fee: int = 0, seller: Party | None = None, **more: Unpack[OrderTerms]
    ) -> Escrow:
        """A held deadline escrow between two new parties."""
        buyer, seller = self.party("buyer"), seller or self.party("seller")
        settled: OrderTerms = {"terms": "paid", "currency": "NGN", **more}
        new = NewOrder(f"order-{next(_numbers)}", buyer.id, seller.id, amount, fee=fee, **settled)
        order = orders.create(self.session, new, at=self.at, actor=DIVINE, settings=self.runtime.settings)
        return orders.escrow_of(self.session, order.id)

    def dispute(self, escrow: Escrow | None = None, kind: str = "dispute") -> Dispute:
        """An open dispute of the buyer."""
        new = NewDispute((escrow or self.escrow()).id, "buyer", "not_delivered", "Nothing came.", kind)
        return disputes.open_dispute(self.session, new, at=self.at, actor=AMINA, settings=self.runtime.settings)

    def limit(self, amount: int, currency: str = "NGN") -> None:
        """The four-eyes limit."""
        limits.set_limits(self.session, {currency: amount}, at=self.at, actor=DIVINE)


@contextmanager
def undone(session: Session) -> Iterator[None]:
    """What is done in here is refused, and taken back as the transaction at the edge would."""
    before = deepcopy(session.info)
    try:
        with session.begin_nested():
            yield
    except Exception:
        session.info.clear()
        session.info.update(before)
        raise


class Undone(Exception):
    """Ends a test's transaction, or a part of it, without a trace."""


@contextmanager
def forgotten(runtime: Runtime) -> Iterator[Market]:
    """A market of which nothing is left afterwards."""
    with suppress(Undone), runtime.db.transaction() as session:
        yield Market(session, runtime)
        raise Undone


def wallet(session: Session, party_id: int, currency: str = "NGN") -> int:
    """A party's balance in minor units; 0 without a wallet."""
    account = accounts.find_account(session, AccountKind.WALLET, party_id, currency)
    return session.get_one(Account, account, populate_existing=True).balance if account else 0


def pool(session: Session, kind: AccountKind = AccountKind.ESCROW, currency: str = "NGN") -> int:
    """A platform account's balance as committed."""
    where = (Account.kind == kind, Account.party_id.is_(None), Account.owner == "", Account.currency == currency)
    return session.scalars(select(Account.balance).where(*where)).one_or_none() or 0


def all_books_agree(runtime: Runtime) -> None:
    """Every invariant of the ledger holds, and the audit chain is whole."""
    with runtime.db.reading() as session:
        assert list(integrity_checks.checks(session)) == []
        assert audit_verification.verify(session, runtime.settings.audit_keys).problems == []
