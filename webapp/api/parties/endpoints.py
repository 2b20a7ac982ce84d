"""Parties over HTTP: who they are, their wallets and statements."""

from typing import Annotated

from pydantic import Field

from webapp.api.framework.pagination import newest_first
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import (
    Currency,
    Instant,
    LongText,
    Money,
    Name,
    NewestFirst,
    Page,
    Reference,
    RequestModel,
    ResponseModel,
    ShortText,
    to_page,
)
from webapp.api.parties.schemas import Country, Language, PartyShape, Zone
from webapp.domain.states import AccountKind
from webapp.errors import NotFound
from webapp.models import Account, Party
from webapp.services.data_protection import forget as erasure
from webapp.services.ledger import accounts, statements
from webapp.services.ledger.statements import StatementEntry
from webapp.services.parties import parties, wallet_provisioning
from webapp.services.parties.parties import NewParty

endpoints = Endpoints("parties")
_KINDS = {"wallet": AccountKind.WALLET, "pending": AccountKind.PENDING, "debt": AccountKind.RECEIVABLE}


class PartyBody(RequestModel):
    """A new party; a verified one gets a wallet in each of its currencies.

    One that names none and trades in none gets one in its country's currency, or the desk's own, by a job.
    """

    ref: Reference
    name: Name
    email: Annotated[str | None, Field(max_length=200)] = None
    phone: Annotated[str | None, Field(max_length=200)] = None
    country: Country = None
    language: Language = None
    zone: Zone = None
    verified: bool = True
    currencies: Annotated[list[Currency], Field(max_length=20)] = []


class PartyChange(RequestModel):
    """What is another now; what is left out stays."""

    name: Name | None = None
    email: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    phone: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    country: Country = None
    language: Language = None
    zone: Zone = None


class ForgetBody(RequestModel):
    """Why the party is forgotten, and its reference once more: it can't be undone."""

    reason: LongText
    confirmation: Annotated[ShortText, Field(description="The party's reference.")]


class ForgottenShape(ResponseModel):
    """A party that is forgotten, and how many rows of each kind were replaced; none when it was forgotten before."""

    id: int
    ref: str
    forgotten_at: Instant | None
    replaced: dict[str, int]


class PartiesQuery(NewestFirst):
    """Which parties."""

    ref: ShortText | None = None


class AccountShape(ResponseModel):
    """What a party holds or owes: a `wallet`, `pending` earnings, or a `debt` (below zero)."""

    id: int
    kind: str
    balance: Money


class Wallets(ResponseModel):
    """Every account of a party; there is no second page."""

    data: list[AccountShape]
    next_cursor: None = None


class WalletBody(RequestModel):
    """A wallet to open by hand, and why."""

    currency: Currency
    reason: LongText


class StatementQuery(NewestFirst):
    """Which account of the party."""

    currency: Currency
    kind: Annotated[str, Field(pattern="^(wallet|pending|debt)$")] = "wallet"


class StatementLine(ResponseModel):
    """One entry with the balance after it, in minor units of the account's currency."""

    id: int
    transfer_id: int
    reference: str
    kind: str
    escrow_id: int | None
    amount: int
    balance_after: int
    at: Instant


@endpoints.post("/api/v1/parties", "party:write", status=201, location="/api/v1/parties/{id}")
def create_party(call: Call, body: PartyBody) -> PartyShape:
    """Add a party."""
    new = NewParty(**body.model_dump())
    return PartyShape.model_validate(parties.create(call.session, new, at=call.at, actor=call.actor))


@endpoints.post("/api/v1/parties/<id:party_id>/change", "party:write")
def change_party(call: Call, party_id: int, body: PartyChange) -> PartyShape:
    """Set what is known of it. Another country is refused while a payout of it is under way."""
    given = body.model_dump(exclude_none=True)
    return PartyShape.model_validate(parties.change(call.session, party_id, given, at=call.at, actor=call.actor))


@endpoints.get("/api/v1/parties", "party:read")
def list_parties(call: Call, query: PartiesQuery) -> Page[PartyShape]:
    """Parties, newest first."""
    return to_page(newest_first(call.session, Party, query, {Party.ref: query.ref}), query, PartyShape.model_validate)


@endpoints.get("/api/v1/parties/<id:party_id>", "party:read")
def get_party(call: Call, party_id: int) -> PartyShape:
    """One party."""
    return PartyShape.model_validate(parties.get(call.session, party_id))


@endpoints.get("/api/v1/parties/<id:party_id>/wallets", "party:read")
def list_wallets(call: Call, party_id: int) -> Wallets:
    """What the party holds and owes."""
    parties.get(call.session, party_id)
    return Wallets(data=[_account(account) for account in parties.balances(call.session, party_id)])


@endpoints.post("/api/v1/parties/<id:party_id>/wallets", "wallet:open", status=201)
def open_wallet(call: Call, party_id: int, body: WalletBody) -> AccountShape:
    """Open a wallet by hand, for a party that is not verified too. What waited for it is paid by the next run."""
    made = wallet_provisioning.open_by_hand(
        call.session, party_id, body.currency, body.reason, at=call.at, actor=call.actor
    )
    return _account(made)


@endpoints.get("/api/v1/parties/<id:party_id>/statement", "party:read")
def get_statement(call: Call, party_id: int, query: StatementQuery) -> Page[StatementLine]:
    """The entries of one account, newest first, with the balance after each."""
    parties.get(call.session, party_id)
    account = accounts.find_account(call.session, _KINDS[query.kind], party_id, query.currency)
    if account is None:
        raise NotFound(f"The party has no {query.kind} in {query.currency}.")
    found = statements.statement(call.session, account, before=query.before, limit=query.limit + 1)
    return to_page(found, query, _line, key=lambda line: line.entry_id)


@endpoints.post("/api/v1/parties/<id:party_id>/forget", "party:forget")
def forget_party(call: Call, party_id: int, body: ForgetBody) -> ForgottenShape:
    """Replace its personal data for good. Refused while money is held, a dispute is open, or a debt stands."""
    desk = call.runtime
    done = erasure.forget(
        call.session,
        party_id,
        body.reason,
        confirmation=body.confirmation,
        keys=desk.settings.audit_keys,
        folder=desk.evidence,
        at=call.at,
        actor=call.actor,
    )
    party = done.party
    return ForgottenShape(id=party.id, ref=party.ref, forgotten_at=party.forgotten_at, replaced=done.replaced)


def _account(account: Account) -> AccountShape:
    kinds = {str(kind): word for word, kind in _KINDS.items()}
    balance = Money(amount=account.balance, currency=account.currency)
    return AccountShape(id=account.id, kind=kinds.get(account.kind, account.kind), balance=balance)


def _line(line: StatementEntry) -> StatementLine:
    return StatementLine(
        id=line.entry_id,
        transfer_id=line.transfer_id,
        reference=line.reference,
        kind=line.kind,
        escrow_id=line.escrow_id,
        amount=line.amount,
        balance_after=line.balance_after,
        at=line.at,
    )
