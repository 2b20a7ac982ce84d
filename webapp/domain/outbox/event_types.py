"""Every event that the desk tells: its name, its subject, and its fields with their types and a sentence each.

To add one: a class below, with what only the action knows as its own fields, and what the subject's rows say in `of`;
then `events.add(session, TheEvent(...), subject_id, at=at)` beside the audit record, or `events.add_all` for many.
A new subject, or a field that its rows do not tell yet, also goes into `services/common/event_facts.py`. The catalogue
in `docs/webhooks.md` is what `desk events` prints; tests say what was forgotten.
"""

import builtins
from types import NoneType
from typing import Annotated, Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo

Minor = Annotated[int, Field(description="Minor units of `currency`.")]
Currency = Annotated[str, Field(description="ISO 4217.")]
BuyerRef = Annotated[str, Field(description="The buyer's reference.")]
SellerRef = Annotated[str, Field(description="The seller's reference.")]
PartyRef = Annotated[str, Field(description="The party's reference.")]
OrderRef = Annotated[str, Field(description="The order's reference.")]
EscrowRef = Annotated[str, Field(description="The escrow's reference.")]
PaymentRef = Annotated[
    str | None, Field(description="Our reference of the payment; none when it never began at a provider.")
]
Provider = Annotated[str, Field(description="Through whom: `paystack`, `flutterwave`, …")]
At = Annotated[str, Field(description="RFC 3339, UTC.", json_schema_extra={"format": "date-time"})]
StatusDetail = Annotated[str | None, Field(description="The last thing to know about it, in a sentence.")]
Why = Annotated[str, Field(description="Why, in a sentence.")]

_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)


class Facts(BaseModel):
    """What the rows of a subject say in an event, whatever path led to it."""

    model_config = _STRICT
    about: ClassVar[str] = ""
    """The kind of thing, as audit records call it."""

    def __init_subclass__(cls, about: str | None = None, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.about = about or cls.about


class Event(BaseModel):
    """What an action itself adds to the facts of its subject."""

    model_config = _STRICT
    type: ClassVar[str] = ""
    facts: ClassVar[builtins.type[Facts]] = Facts

    def __init_subclass__(cls, type: str, of: builtins.type[Facts], **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.type, cls.facts = type, of

    @classmethod
    def __pydantic_init_subclass__(cls, **more: Any) -> None:
        """Take the event into the catalogue. Raises TypeError for a second shape of one event, or of one field."""
        twice = set(cls.model_fields) & set(cls.facts.model_fields)
        if twice or cls.type in EVENTS:
            raise TypeError(f"{cls.type} is defined twice, or has a field of its facts: {sorted(twice)}")
        EVENTS[cls.type] = cls

    @classmethod
    def shape(cls) -> builtins.type[BaseModel]:
        """Its `data` as receivers get it."""
        return create_model(cls.__name__, __base__=(cls.facts,), __doc__=cls.__doc__, **_fields(cls))


def _fields(event: type[Event]) -> dict[str, Any]:
    return {name: (field.annotation, _always_sent(field)) for name, field in event.model_fields.items()}


def _always_sent(field: FieldInfo) -> Any:
    """A default spares writers a word; receivers get the field all the same."""
    return Field(description=field.description, json_schema_extra=field.json_schema_extra)


def is_optional(field: FieldInfo) -> bool:
    """Whether an event may leave it empty."""
    return NoneType in get_args(field.annotation)


EVENTS: dict[str, type[Event]] = {}
"""The catalogue, by name."""


class OrderFacts(Facts, about="order"):
    """An order."""

    order: OrderRef
    buyer: BuyerRef
    seller: SellerRef
    amount: Minor
    currency: Currency


class OrderCreated(Event, type="order.created", of=OrderFacts):
    """An order came in, with its escrow."""

    terms: Annotated[str, Field(description="How it is paid: `unpaid`, `paid`, `wallet` or `credit`.")]


class OrderCompleted(Event, type="order.completed", of=OrderFacts):
    """The buyer approved the finished work."""


class OrderCancelled(Event, type="order.cancelled", of=OrderFacts):
    """An order that was never paid was given up by a person."""


class OrderDeclined(Event, type="order.declined", of=OrderFacts):
    """No payment of an order came in."""

    reason: Why


class EscrowFacts(Facts, about="escrow"):
    """The money of one order."""

    escrow: EscrowRef
    order: OrderRef
    buyer: BuyerRef
    seller: SellerRef
    amount: Minor
    fee: Annotated[int, Field(description="The desk's fee, part of `amount`, taken when it all goes to the seller.")]
    currency: Currency


class ClosedEscrowFacts(EscrowFacts):
    """The money of one order, which has left its escrow."""

    reason: Annotated[str, Field(description="What let it go, in a word: `decision`, `deadline`, `unpaid`, …")]


class EscrowHeld(Event, type="escrow.held", of=EscrowFacts):
    """The money of an order is held."""


class EscrowExtended(Event, type="escrow.extended", of=EscrowFacts):
    """An escrow is due later than it was."""

    release_at: At


class EscrowFrozen(Event, type="escrow.frozen", of=EscrowFacts):
    """An escrow may not move until this freeze is lifted."""

    cause: Annotated[str, Field(description="`person`, `dispute`, `proposal`, `warranty_claim`, …")]


class EscrowUnfrozen(Event, type="escrow.unfrozen", of=EscrowFacts):
    """A freeze was lifted. Others may be left."""

    cause: Annotated[str, Field(description="The cause of the freeze that was lifted.")]


class EscrowReleased(Event, type="escrow.released", of=ClosedEscrowFacts):
    """The money went to the seller: the amount less the fee."""


class EscrowRefunded(Event, type="escrow.refunded", of=ClosedEscrowFacts):
    """The whole amount goes back to the buyer; there is no fee."""


class EscrowSplit(Event, type="escrow.split", of=ClosedEscrowFacts):
    """The money was divided between buyer and seller; what is left of the amount is the fee that was taken."""

    buyer_amount: Annotated[int, Field(description="What goes back to the buyer, in minor units.")]
    seller_amount: Annotated[int, Field(description="What the seller gets after the fee, in minor units.")]


class EscrowVoided(Event, type="escrow.voided", of=ClosedEscrowFacts):
    """An escrow was given up before any money was held."""


class PaymentFacts(Facts, about="payment"):
    """One attempt to collect the money of an order."""

    payment: PaymentRef
    provider: Provider
    order: OrderRef
    buyer: BuyerRef
    seller: SellerRef
    amount: Minor
    currency: Currency
    status_detail: StatusDetail


class PaymentCreated(Event, type="payment.created", of=PaymentFacts):
    """A payment was begun."""


class PaymentSucceeded(Event, type="payment.succeeded", of=PaymentFacts):
    """The money of a payment came in, and is held."""


class PaymentFailed(Event, type="payment.failed", of=PaymentFacts):
    """A payment failed: its provider or a person said so."""


class PaymentExpired(Event, type="payment.expired", of=PaymentFacts):
    """A payment was not made in its time."""


class PaymentNeedsReview(Event, type="payment.needs_review", of=PaymentFacts):
    """What the provider says of a payment is not what was asked for: a person decides."""


class PaymentRestored(Event, type="payment.restored", of=PaymentFacts):
    """The provider has again what it had taken back of a payment, before anybody decided."""


class PaymentDecided(Event, type="payment.decided", of=PaymentFacts):
    """Who bears what was taken back of a payment, or whose it is that came back or was collected twice, was decided."""

    decision: Annotated[
        str,
        Field(
            description="`write_off`, `claw_back`, `refund_rest`, `give_again`; of money that was collected twice "
            "`refund`, `keep`, `same_money` or `returned`."
        ),
    ]
    reason: Why


Number = Annotated[str, Field(description="The number of the bank's dispute at the provider.")]
Disputed = Annotated[int, Field(description="What the bank wants back, in minor units of `currency`.")]
Outcome = Annotated[str, Field(description="How it stands, in a sentence.")]


class ChargebackOpen(Event, type="chargeback.open", of=PaymentFacts):
    """The payer's bank wants a payment back; what is held of it is frozen."""

    number: Number
    disputed_amount: Disputed
    outcome: Outcome


class ChargebackWon(Event, type="chargeback.won", of=PaymentFacts):
    """The bank leaves the money with us, or gives it back."""

    number: Number
    disputed_amount: Disputed
    given_back_amount: Annotated[
        int, Field(description="What of it the bank had taken before and gives back, in minor units; 0 for nothing.")
    ]
    outcome: Outcome


BookedBefore = Annotated[
    int,
    Field(
        description="What of it was booked when the bank had it before, and stays so, in minor units; 0 for nothing. "
        "What is booked now is told by `escrow.refunded` or `payment.decided`."
    ),
]


class ChargebackLost(Event, type="chargeback.lost", of=PaymentFacts):
    """The bank took the money back: it is the refund, booked while held, else by a decision."""

    number: Number
    disputed_amount: Disputed
    booked_before_amount: BookedBefore = 0
    outcome: Outcome


class ChargebackAccepted(Event, type="chargeback.accepted", of=PaymentFacts):
    """The chargeback was accepted at the provider: the payer has the money back."""

    number: Number
    disputed_amount: Disputed
    booked_before_amount: BookedBefore = 0
    outcome: Outcome


class RefundFacts(Facts, about="refund"):
    """Money on its way back through the provider that it came from."""

    payment: PaymentRef
    provider: Provider
    order: OrderRef
    party: PartyRef
    amount: Minor
    currency: Currency
    status_detail: StatusDetail


class RefundCreated(Event, type="refund.created", of=RefundFacts):
    """Money goes back through its provider."""


class RefundProcessed(Event, type="refund.processed", of=RefundFacts):
    """The provider has given the money back."""


class RefundFailed(Event, type="refund.failed", of=RefundFacts):
    """The provider could not give the money back."""


class RefundCovered(Event, type="refund.covered", of=RefundFacts):
    """What a payer's bank took is a refund of ours that was not sent yet, or a part of it."""

    covered: Annotated[int, Field(description="What the bank took in its place, in minor units of `currency`.")]
    rest: Annotated[int, Field(description="What of the refund is still to be sent, in minor units of `currency`.")]


class RefundUncovered(Event, type="refund.uncovered", of=RefundFacts):
    """A bank has given back what it took in place of a refund of ours: the payer gets it from us."""

    again: Annotated[int, Field(description="What the payer gets by that, in minor units of `currency`.")]
    way: Annotated[str, Field(description="`refund`: through the provider. `wallet`: it is in the party's wallet.")]


class DisputeFacts(Facts, about="dispute"):
    """A claim on an escrow."""

    dispute: Annotated[str, Field(description="The dispute's reference.")]
    kind: Annotated[str, Field(description="`dispute` or `warranty_claim`.")]
    claimant: Annotated[str, Field(description="`buyer` or `seller`.")]
    reason_code: Annotated[str, Field(description="What is claimed, in a word.")]
    escrow: EscrowRef
    order: OrderRef
    buyer: BuyerRef
    seller: SellerRef
    amount: Minor
    currency: Currency
    due_at: Annotated[At, Field(description="By when it should be answered or decided.")]


class DisputeOpened(Event, type="dispute.opened", of=DisputeFacts):
    """A claim was made; the escrow is frozen."""


class DisputeMessage(Event, type="dispute.message", of=DisputeFacts):
    """Something was written to a party, or by it. Internal notes are not told."""

    message: Annotated[int, Field(description="The message's number.")]
    audience: Annotated[str, Field(description="`buyer` or `seller`.")]
    inbound: Annotated[bool, Field(description="Whether the party wrote it.")]


class DisputeAsk(Event, type="dispute.ask", of=DisputeFacts):
    """A party was asked to answer."""

    waiting_on: Annotated[str, Field(description="`buyer` or `seller`.")]


class DisputeAnswered(Event, type="dispute.answered", of=DisputeFacts):
    """The party that was asked has answered."""


class DisputeEscalate(Event, type="dispute.escalate", of=DisputeFacts):
    """Someone with more say was called for."""


class DisputeExpired(Event, type="dispute.expired", of=DisputeFacts):
    """A party that was asked did not answer in time: a person decides."""


class DisputeWithdrawn(Event, type="dispute.withdrawn", of=DisputeFacts):
    """The claimant took the claim back."""


class DisputeResolved(Event, type="dispute.resolved", of=DisputeFacts):
    """A claim was decided."""

    resolution: Annotated[
        str, Field(description="`release_to_seller`, `refund_to_buyer`, `split` or `no_fault` (nothing moves).")
    ]
    buyer_amount: Annotated[int | None, Field(description="The buyer's part in minor units; none when nothing moves.")]
    seller_amount: Annotated[
        int | None, Field(description="The seller's part before the fee in minor units; none when nothing moves.")
    ]


class EvidenceSubmitted(Event, type="evidence.submitted", of=DisputeFacts):
    """A file or a text became part of a case."""

    evidence: Annotated[int, Field(description="Its number.")]
    name: Annotated[str, Field(description="Its name.")]
    sha256: Annotated[str, Field(description="Of its content, in hexadecimal.")]


class PayoutFacts(Facts, about="payout"):
    """Money on its way to a party's bank or mobile account."""

    payout: Annotated[str, Field(description="The payout's reference, which is the provider's too.")]
    schedule: Annotated[str | None, Field(description="The reference of the schedule that planned it.")]
    provider: Provider
    party: PartyRef
    amount: Minor
    currency: Currency
    status_detail: StatusDetail


class PayoutCreated(Event, type="payout.created", of=PayoutFacts):
    """A payout was taken from the wallet, and is to be sent."""


class PayoutSucceeded(Event, type="payout.succeeded", of=PayoutFacts):
    """The provider has paid it out."""

    is_clawed_back: Annotated[
        bool,
        Field(
            description="Whether its money had come back before and the party gives it: `payout.clawed_back` says how."
        ),
    ] = False


ToPlatform = Annotated[
    bool,
    Field(description="Whether the platform got it, which had borne it since it was paid twice; the wallet otherwise."),
]


DebtMet = Annotated[
    int,
    Field(
        description="What of it met the debt that the payout's claw-back had left, in minor units; the rest is in the "
        "wallet."
    ),
]


class PayoutFailed(Event, type="payout.failed", of=PayoutFacts):
    """It was not paid; the money is in the wallet again, or with the platform when that had borne it."""

    to_platform: ToPlatform = False
    debt_met_amount: DebtMet = 0


class PayoutReversed(Event, type="payout.reversed", of=PayoutFacts):
    """It was paid and came back; the money is in the wallet again, or with the platform when that had borne it."""

    to_platform: ToPlatform = False
    debt_met_amount: DebtMet = 0


class PayoutClawedBack(Event, type="payout.clawed_back", of=PayoutFacts):
    """It was paid after its money had come back to the wallet: the party gives that."""

    from_wallet: Annotated[int, Field(description="What was taken from the wallet, in minor units of `currency`.")]
    as_debt: Annotated[int, Field(description="What the party owes of it, in minor units of `currency`.")]


class PayoutCancelled(Event, type="payout.cancelled", of=PayoutFacts):
    """A person gave it up before it was sent; the money is in the wallet again."""


class PayoutScheduleFacts(Facts, about="payout_schedule"):
    """A payout that is due on a date."""

    schedule: Annotated[str, Field(description="The schedule's reference.")]
    party: PartyRef
    amount: Minor
    currency: Currency
    due_at: At


class PayoutScheduleCreated(Event, type="payout_schedule.created", of=PayoutScheduleFacts):
    """A payout was planned."""


class PayoutScheduleChanged(Event, type="payout_schedule.changed", of=PayoutScheduleFacts):
    """A planned payout was changed."""


class PayoutScheduleCancelled(Event, type="payout_schedule.cancelled", of=PayoutScheduleFacts):
    """A planned payout was given up by a person."""

    reason: Why


class PayoutScheduleUnpaid(Event, type="payout_schedule.unpaid", of=PayoutScheduleFacts):
    """It is due, and lacks an account, cover or a provider: told once until it is paid or changed."""


class PayoutScheduleFailed(Event, type="payout_schedule.failed", of=PayoutScheduleFacts):
    """A planned payout failed for good, and is not tried again."""

    reason: Why


ProviderReference = Annotated[
    str | None,
    Field(description="Where the money came from, as its provider calls it. Empty where a reason was given."),
]


class PartyFacts(Facts, about="party"):
    """A buyer or seller."""

    party: PartyRef


class PartyCreated(Event, type="party.created", of=PartyFacts):
    """A party came in."""


class PartyDeposit(Event, type="party.deposit.done", of=PartyFacts):
    """Money from outside was put into a party's wallet."""

    reference: Annotated[str, Field(description="The transfer's reference.")]
    amount: Minor
    currency: Currency
    provider_reference: ProviderReference


class PartyOwe(Event, type="party.owe.done", of=PartyFacts):
    """A party owes the desk more."""

    reference: Annotated[str, Field(description="The transfer's reference.")]
    amount: Minor
    currency: Currency
    provider_reference: ProviderReference


class PartyRepay(Event, type="party.repay.done", of=PartyFacts):
    """A party repaid debt out of its wallet."""

    reference: Annotated[str, Field(description="The transfer's reference.")]
    amount: Minor
    currency: Currency
    provider_reference: ProviderReference


class PartyAutoDeducted(Event, type="party.auto_deducted", of=PartyFacts):
    """A party's standing order repaid debt out of its wallet."""

    reference: Annotated[str, Field(description="The transfer's reference.")]
    amount: Minor
    currency: Currency
    debt: Annotated[int, Field(description="What the party owes now, in minor units of `currency`.")]


class PayoutDestinationChanged(Event, type="party.payout_destination_changed", of=PartyFacts):
    """A party is to be paid out to another account."""

    currency: Currency
    kind: Annotated[str, Field(description="The provider's word for the kind of account: `nuban`, …")]
    bank: Annotated[str, Field(description="The bank's code.")]
    ending: Annotated[str, Field(description="The last figures of the account's number.")]
    effective_at: Annotated[str | None, Field(description="From when on it is paid to. RFC 3339, UTC.")]


class PayoutDestinationApproved(Event, type="party.payout_destination_approved", of=PartyFacts):
    """A second person let a party's new account be paid to at once."""

    currency: Currency
    kind: Annotated[str, Field(description="The provider's word for the kind of account: `nuban`, …")]
    bank: Annotated[str, Field(description="The bank's code.")]
    ending: Annotated[str, Field(description="The last figures of the account's number.")]
    effective_at: Annotated[str | None, Field(description="From when on it is paid to. RFC 3339, UTC.")]


class PayoutDestinationRejected(Event, type="party.payout_destination_rejected", of=PartyFacts):
    """A party's new account was given up before it was paid to; the one before is used again, if there was one."""

    currency: Currency
    kind: Annotated[str, Field(description="The provider's word for the kind of account: `nuban`, …")]
    bank: Annotated[str, Field(description="The bank's code.")]
    ending: Annotated[str, Field(description="The last figures of the account's number.")]
    effective_at: Annotated[str | None, Field(description="From when on it is paid to. RFC 3339, UTC.")]
    used_again: Annotated[
        str | None, Field(description="The last figures of the account that is used again; none when there was none.")
    ]


class WalletFacts(PartyFacts):
    """A party's wallet. The event's subject is the party; it is told by the wallet's account."""

    currency: Currency


class WalletOpened(Event, type="wallet.opened", of=WalletFacts):
    """A party got a wallet in a currency."""


class SubscriptionFacts(Facts, about="subscription"):
    """A tenant's right to sell."""

    tenant: Annotated[str, Field(description="The tenant's reference.")]
    status: Annotated[str, Field(description="`active`, `expired` (it still sells, for its grace) or `suspended`.")]
    expire_date: At


class SubscriptionCreated(Event, type="subscription.created", of=SubscriptionFacts):
    """A tenant got a subscription."""


class SubscriptionRenewed(Event, type="subscription.renewed", of=SubscriptionFacts):
    """It was paid for until a later date. One that a person suspended stays so."""

    reason: Why


class SubscriptionExtended(Event, type="subscription.extended", of=SubscriptionFacts):
    """It was given until a later date, paid or not. One that a person suspended stays so."""

    reason: Why


class SubscriptionExpired(Event, type="subscription.expired", of=SubscriptionFacts):
    """Its date has come; the tenant still sells for the days of grace."""


class SubscriptionSuspended(Event, type="subscription.suspended", of=SubscriptionFacts):
    """Its tenant's new orders are refused: the grace is over, or a person said so."""

    by_hand: Annotated[bool, Field(description="Whether a person suspended it; a renewal does not end that.")]
    reason: Annotated[str | None, Field(description="Why, in a sentence; none when the grace is over.")]


class SubscriptionResumed(Event, type="subscription.resumed", of=SubscriptionFacts):
    """A suspended tenant sells again."""

    reason: Why


class SubscriptionReverted(Event, type="subscription.reverted", of=SubscriptionFacts):
    """The last renewal or extension was taken back: the date before it counts again."""

    reason: Why


class TransferFacts(Facts, about="transfer"):
    """Money that moved in the ledger."""

    transfer: Annotated[str, Field(description="The transfer's reference.")]
    kind: Annotated[str, Field(description="Why it moved, in a word: `release`, `deposit`, …")]
    escrow: Annotated[str | None, Field(description="The reference of the escrow that it touched.")]
    amount: Minor
    currency: Currency


class TransferReversed(Event, type="transfer.reversed", of=TransferFacts):
    """The opposite of a transfer was posted."""


class ApprovalFacts(Facts, about="approval"):
    """A decision about money that a second person makes."""

    approval: Annotated[int, Field(description="Its number.")]
    action: Annotated[str, Field(description="What is to be done: `escrow.release`, `dispute.resolve`, …")]
    escrow: Annotated[str | None, Field(description="The reference of the escrow that it is about.")]
    amount: Minor
    currency: Currency


class ApprovalProposed(Event, type="approval.proposed", of=ApprovalFacts):
    """A decision waits for a second person."""


class ApprovalExecuted(Event, type="approval.executed", of=ApprovalFacts):
    """The second person approved it, and it was done."""


class ApprovalRejected(Event, type="approval.rejected", of=ApprovalFacts):
    """The second person rejected it."""


class ApprovalExpired(Event, type="approval.expired", of=ApprovalFacts):
    """Nobody decided it in time."""


class AlertFacts(Facts, about="alert"):
    """A rule that fired about a subject."""

    alert: Annotated[int, Field(description="Its number.")]
    rule: Annotated[str, Field(description="The rule's name.")]
    subject: Annotated[str, Field(description="What it is about.")]
    severity: Annotated[str, Field(description="`page` or `warn`.")]
    sentence: Annotated[str, Field(description="What is wrong.")]


class AlertFiring(Event, type="alert.firing", of=AlertFacts):
    """An alert fires."""


class AlertResolved(Event, type="alert.resolved", of=AlertFacts):
    """What was wrong is over."""
