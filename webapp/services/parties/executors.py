"""How money of a party from outside the desk is booked: a deposit, a debt that it brings along, a repayment."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.money.money import Money
from webapp.domain.outbox.event_types import PartyDeposit, PartyOwe, PartyRepay
from webapp.domain.states import AccountKind, TransferKind
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid
from webapp.models import Account, Party, Transfer
from webapp.services.approvals.executors import Context, Payload, Posting, Reader, executor
from webapp.services.audit import trail
from webapp.services.common import events
from webapp.services.common.kill_switch import ensure_outgoing_enabled
from webapp.services.ledger import accounts, posting, transfers
from webapp.services.ledger.accounts import Place
from webapp.services.ledger.transfers import Draft
from webapp.services.parties import parties
from webapp.sql import lock

_EVENTS = {"party.deposit": PartyDeposit, "party.owe": PartyOwe, "party.repay": PartyRepay}


@dataclass(frozen=True, slots=True)
class PartySubject:
    """The party; no row guards its money, but the floors of its accounts."""

    party: Party


class PartyMoney(Payload):
    """How much, under a reference that is used once, and where it came from."""

    amount: int
    currency: str
    reference: str
    provider_reference: str | None = None


def _fetch(session: Session, party_id: int) -> PartySubject:
    """The party. Raises NotFound."""
    parties.require_known(session, party_id)
    return PartySubject(parties.get(session, party_id))


read_party = Reader(_fetch)


@executor("party.deposit", PartyMoney, read=read_party)
def deposit(context: Context, subject: PartySubject, decision: PartyMoney) -> Posting:
    """Money from outside into the party's wallet."""
    amount, party = Money(decision.amount, decision.currency), subject.party
    sides = {_outside(amount, "manual"): -amount.amount, _of(party, AccountKind.WALLET, amount): amount.amount}
    sentence = phrase("deposit of %(amount)s into the wallet of %(name)s", amount=amount, name=party.name)
    return _posting(context, party, decision, "party.deposit", TransferKind.DEPOSIT, sides, sentence)


@executor("party.owe", PartyMoney, read=read_party)
def owe(context: Context, subject: PartySubject, decision: PartyMoney) -> Posting:
    """A debt that the party brings along."""
    amount, party = Money(decision.amount, decision.currency), subject.party
    sides = {_of(party, AccountKind.RECEIVABLE, amount): -amount.amount, _outside(amount, "credit"): amount.amount}
    sentence = phrase("debt of %(amount)s of %(name)s", amount=amount, name=party.name)
    return _posting(context, party, decision, "party.owe", TransferKind.CREDIT, sides, sentence)


@executor("party.repay", PartyMoney, read=read_party)
def repay(context: Context, subject: PartySubject, decision: PartyMoney) -> Posting:
    """A repayment from the wallet: neither above the debt nor above the wallet."""
    amount, party = Money(decision.amount, decision.currency), subject.party
    wallet, debt = _of(party, AccountKind.WALLET, amount), _of(party, AccountKind.RECEIVABLE, amount)
    ensure_outgoing_enabled(context.session, lock=context.locked)
    _require_covered(context, party, wallet, debt, amount)
    sentence = phrase("repayment of %(amount)s from the wallet of %(name)s", amount=amount, name=party.name)
    sides = {wallet: -amount.amount, debt: amount.amount}
    return _posting(context, party, decision, "party.repay", TransferKind.REPAYMENT, sides, sentence)


def _require_covered(context: Context, party: Party, wallet: Place, debt: Place, amount: Money) -> None:
    session = context.session
    ids = [accounts.found(session, place) for place in (wallet, debt)]
    if ids[0] is None or ids[1] is None:
        raise Conflict(
            phrase(
                "%(name)s has no %(value)s in %(currency)s.",
                name=party.name,
                value="wallet" if ids[1] else "debt",
                currency=amount.currency,
            )
        )
    if context.locked:
        lock(session, Account, [ids[0], ids[1]])
    held = posting.balances(session, [ids[0], ids[1]])
    for what, most in (("debt", -held[ids[1]]), ("wallet", held[ids[0]])):
        if amount.amount > most:
            sentence = phrase(
                "The %(what)s is %(amount)s: that is the most that can be repaid.",
                what=what,
                amount=Money(most, amount.currency),
            )
            raise Invalid(sentence, fields={"amount": sentence})


def _posting(
    context: Context,
    party: Party,
    decision: PartyMoney,
    action: str,
    kind: TransferKind,
    sides: Mapping[Place, int],
    sentence: str,
) -> Posting:
    session = context.session
    taken = select(Transfer.id).where(Transfer.reference == decision.reference)
    if session.scalars(taken).first() is not None:
        raise Conflict(
            phrase("There is a transfer %(reference)s already.", reference=decision.reference),
            fields={"reference": "Taken."},
        )
    draft = Draft(decision.reference, kind, decision.currency, list(sides.items()))

    def post() -> None:
        transfers.write(session, [draft], at=context.at)
        facts = decision.model_dump(exclude={"reason"}, exclude_none=True)
        trail.record(
            session,
            context.actor,
            action,
            ("party", party.id),
            at=context.at,
            reason=decision.reason,
            after=facts,
        )
        events.add(session, _EVENTS[action](**_details(decision)), party.id, at=context.at)

    return Posting(
        sentence=sentence,
        done=phrase("Done: %(sentence)s.", sentence=sentence),
        amount=Money(decision.amount, decision.currency),
        post=post,
        legs=partial(transfers.legs, session, [draft]),
    )


def _details(decision: PartyMoney) -> dict[str, Any]:
    return decision.model_dump(include={"reference", "amount", "currency", "provider_reference"})


def _of(party: Party, kind: AccountKind, amount: Money) -> Place:
    return Place(kind, amount.currency, party.id)


def _outside(amount: Money, owner: str) -> Place:
    return Place(AccountKind.CLEARING, amount.currency, owner=owner)
