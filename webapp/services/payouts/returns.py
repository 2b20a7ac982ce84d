"""Money of payouts that came back: from the provider's clearing account to where it is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.money.money import Money
from webapp.domain.states import AccountKind, TransferKind
from webapp.domain.words import phrase
from webapp.models import Account, Entry, Payout, Transfer
from webapp.services.ledger import accounts, bulk_posting, posting
from webapp.services.ledger.bulk_posting import BulkTransfer
from webapp.sql import one_of

_MOST = 50
"""So often a payout may come back, and be paid after all."""


@dataclass(frozen=True, slots=True)
class Back:
    """Where the money of a payout went that came back, apart from the wallet."""

    to_platform: bool = False
    debt: int = 0
    """What of it met the debt that its claw-back had left, in minor units."""

    def in_words(self, currency: str) -> str:
        """Who has it again."""
        if self.to_platform:
            return phrase("The platform, which had borne it, has it again; the wallet got it earlier, and nothing now.")
        if self.debt:
            owed = Money(self.debt, currency)
            return phrase(
                "%(owed)s of it meets the debt that its claw-back had left; what is above that is in the wallet again.",
                owed=owed,
            )
        return phrase("The money is in the wallet again.")


IN_WALLET = Back()


def give_back(
    session: Session, payout_ids: Sequence[int], *, at: datetime, run_id: int | None = None
) -> dict[int, Back]:
    """Post what these payouts, at most 1,000 and locked by the caller, give back; once each.

    It goes to the wallet that it came from, or to the platform when that has borne it: the wallet had it already then.
    What a claw-back left as a debt is met first, so far as it is still owed. Returns where it went, but for those of
    which the wallet has all.
    """
    rows = session.scalars(select(Payout).where(one_of(session, Payout.id, payout_ids)).order_by(Payout.id)).all()
    decided = _decided(session, rows)
    found = {each.id: Back(to_platform=True) for each in decided if _sum(session, each, AccountKind.LOSSES) < 0}
    owing = {each.id: debt for each in decided if (debt := _owing(session, each, at))}
    found |= {number: Back(debt=debt) for number, debt in owing.items()}
    moves = [_movement(session, each, each.id in found, at) for each in rows if each.id not in owing]
    bulk_posting.post_rows(session, moves, kind=TransferKind.PAYOUT_RETURN, at=at, run_id=run_id)
    for each in rows:
        if each.id in owing:
            _meet(session, each, owing[each.id], at, run_id)
    return found


def free_reference(session: Session, first: str) -> str:
    """The next reference of this kind for one payout: it may come back, and be paid after all, more than once."""
    names = _names(first)
    taken = select(func.count()).select_from(Transfer).where(Transfer.reference.in_(names))
    return names[session.scalars(taken).one()]


def after_all(payout: Payout) -> str:
    """The reference of the first transfer that says who bears one that was paid after it had come back."""
    return f"{payout.ref}-after-all"


def borne(session: Session, payout: Payout) -> list[tuple[AccountKind, int]]:
    """What the last transfer of that kind took out of which account, the provider's apart; nothing without one."""
    return [(kind, -amount) for kind, amount in _last(session, after_all(payout))]


def back(session: Session, payout: Payout) -> Back:
    """Where that went which it gave back last."""
    got = dict(_last(session, _returned(payout)))
    return Back(AccountKind.LOSSES in got, got.get(AccountKind.RECEIVABLE, 0))


def _last(session: Session, first: str) -> list[tuple[AccountKind, int]]:
    """The entries of the last transfer of this name, the provider's apart."""
    last = select(func.max(Transfer.id)).where(Transfer.reference.in_(_names(first))).scalar_subquery()
    rows = select(Account.kind, Entry.amount).join(Account, Account.id == Entry.account_id)
    mine = rows.where(Entry.transfer_id == last, Account.kind != AccountKind.CLEARING).order_by(Entry.id)
    return [(AccountKind(kind), amount) for kind, amount in session.execute(mine)]


def _names(first: str) -> list[str]:
    return [first, *(f"{first}-{number}" for number in range(2, _MOST + 1))]


def _movement(session: Session, payout: Payout, is_platforms: bool, at: datetime) -> BulkTransfer:
    source = accounts.pool(session, AccountKind.CLEARING, payout.currency, at=at, owner=payout.provider)
    if is_platforms:
        target = accounts.pool(session, AccountKind.LOSSES, payout.currency, at=at)
    else:
        target = accounts.open_account(session, AccountKind.WALLET, payout.party_id, payout.currency, at=at)
    return BulkTransfer(free_reference(session, _returned(payout)), payout.currency, source, target, payout.amount)


def _returned(payout: Payout) -> str:
    return f"{payout.ref}-return"


def _decided(session: Session, payouts: Sequence[Payout]) -> list[Payout]:
    """Those that were paid after they had come back once, and somebody decided who bears that."""
    names = [after_all(each) for each in payouts]
    known = set(session.scalars(select(Transfer.reference).where(Transfer.reference.in_(names))))
    return [each for each in payouts if after_all(each) in known]


def _owing(session: Session, payout: Payout, at: datetime) -> int:
    """What is still owed of the debt that its claw-backs left, the party's accounts locked."""
    left = -_sum(session, payout, AccountKind.RECEIVABLE)
    if left <= 0:
        return 0
    debt, _wallet = accounts_of = [
        accounts.open_account(session, kind, payout.party_id, payout.currency, at=at)
        for kind in (AccountKind.RECEIVABLE, AccountKind.WALLET)
    ]
    posting.lock_party_accounts(session, accounts_of)
    return max(0, min(left, payout.amount, -posting.balances(session, [debt])[debt]))


def _meet(session: Session, payout: Payout, debt: int, at: datetime, run_id: int | None) -> None:
    """The debt first, the wallet with the rest: one transfer."""
    source = accounts.pool(session, AccountKind.CLEARING, payout.currency, at=at, owner=payout.provider)
    owed, wallet = [
        accounts.open_account(session, kind, payout.party_id, payout.currency, at=at)
        for kind in (AccountKind.RECEIVABLE, AccountKind.WALLET)
    ]
    posting.post(
        session,
        reference=free_reference(session, _returned(payout)),
        kind=TransferKind.PAYOUT_RETURN,
        currency=payout.currency,
        legs=[(source, -payout.amount), (owed, debt), (wallet, payout.amount - debt)],
        at=at,
        run_id=run_id,
    )


def _sum(session: Session, payout: Payout, kind: AccountKind) -> int:
    """What its claw-backs, write-offs and returns left on the accounts of this kind."""
    names = _names(after_all(payout)) + _names(_returned(payout))
    mine = select(func.coalesce(func.sum(Entry.amount), 0)).join(Transfer, Transfer.id == Entry.transfer_id)
    mine = mine.join(Account, Account.id == Entry.account_id).where(Account.kind == kind)
    return int(session.scalars(mine.where(Transfer.reference.in_(names))).one())
