"""The states of things, in the product's words. Stored as text."""

from enum import StrEnum


class OrderStatus(StrEnum):
    """What was bought: how far it is."""

    AWAITING_PAYMENT = "awaiting_payment"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class EscrowStatus(StrEnum):
    """Where the money of one order is."""

    PENDING_PAYMENT = "pending_payment"
    HELD = "held"
    RELEASED = "released"
    REFUNDED = "refunded"
    SPLIT = "split"
    VOIDED = "voided"


class Policy(StrEnum):
    """What makes an escrow due."""

    DEADLINE = "deadline"
    COMPLETION = "completion"
    BUFFER = "buffer"
    PLACEMENT = "placement"


class FreezeCause(StrEnum):
    """Why nobody's timer may move an escrow."""

    PERSON = "person"
    DISPUTE = "dispute"
    PROPOSAL = "proposal"
    WARRANTY_CLAIM = "warranty_claim"
    PAYMENT = "payment"
    CHARGEBACK = "chargeback"


class DisputeStatus(StrEnum):
    """How far a claim on an escrow is."""

    OPENED = "opened"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    ESCALATED = "escalated"
    PENDING_APPROVAL = "pending_approval"
    EXPIRED = "expired"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"


CLOSED_DISPUTES = (DisputeStatus.RESOLVED, DisputeStatus.WITHDRAWN)
"""An `expired` dispute is open still: a party was silent, and a person must decide."""


class DisputeKind(StrEnum):
    """A dispute, or a complaint after the work was finished."""

    DISPUTE = "dispute"
    WARRANTY_CLAIM = "warranty_claim"


class Resolution(StrEnum):
    """How a dispute ends."""

    RELEASE_TO_SELLER = "release_to_seller"
    REFUND_TO_BUYER = "refund_to_buyer"
    SPLIT = "split"
    NO_FAULT = "no_fault"


class ApprovalStatus(StrEnum):
    """The second person's decision on a proposed money action."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    EXECUTED = "executed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FAILED = "failed"


class AccountKind(StrEnum):
    """A place in the ledger."""

    WALLET = "wallet"
    PENDING = "pending"
    ESCROW = "escrow"
    FEES = "fees"
    RECEIVABLE = "receivable"
    CLEARING = "clearing"
    LOSSES = "losses"


class TransferKind(StrEnum):
    """Why money moved."""

    HOLD = "hold"
    RELEASE = "release"
    REFUND = "refund"
    SPLIT = "split"
    DEPOSIT = "deposit"
    CREDIT = "credit"
    REPAYMENT = "repayment"
    REVERSAL = "reversal"
    PENDING_EARNING = "pending_earning"
    EARNING = "earning"
    PAYOUT = "payout"
    PAYOUT_RETURN = "payout_return"
    REFUND_RETURN = "refund_return"
    TAKEN_BACK = "taken_back"
    CAME_BACK = "came_back"


class RunStatus(StrEnum):
    """One execution of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    LOST = "lost"
    MISSED = "missed"
    SKIPPED = "skipped"


UNFINISHED_RUNS = (RunStatus.QUEUED, RunStatus.RUNNING)
RUNS_THAT_COUNT = (RunStatus.SUCCEEDED, RunStatus.PARTIAL, RunStatus.SKIPPED)
"""Runs that count as having run, for the no-execution warning; dry runs don't."""


class Trigger(StrEnum):
    """What started a run."""

    SCHEDULE = "schedule"
    MANUAL = "manual"
    API = "api"
    CATCH_UP = "catch_up"
    RETRY = "retry"


class CatchUp(StrEnum):
    """What happens to slots that passed while nothing ran."""

    ONCE = "once"
    ONCE_SAME_DAY = "once_same_day"
    EACH = "each"
    SKIP = "skip"


class AlertStatus(StrEnum):
    """A rule that fired."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class PaymentStatus(StrEnum):
    """One attempt to collect money for an order."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    NEEDS_REVIEW = "needs_review"


class ChargebackStatus(StrEnum):
    """A payer's bank disputes a payment at its provider: who has the money in the end. Any outcome may still change."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"
    ACCEPTED = "accepted"


LOST_CHARGEBACKS = (ChargebackStatus.LOST, ChargebackStatus.ACCEPTED)
"""The bank has the money back: taken, or given up by us at the provider."""


class RefundStatus(StrEnum):
    """Money on its way back through a provider. `sending` is an unknown outcome: ask before sending again.
    `needs_review`: what became of it only a person can tell.
    """

    WAITING = "waiting"
    SENDING = "sending"
    PENDING = "pending"
    NEEDS_REVIEW = "needs_review"
    PROCESSED = "processed"
    FAILED = "failed"
    SETTLED_OTHERWISE = "settled_otherwise"


NOT_GIVEN_BACK = (RefundStatus.FAILED, RefundStatus.SETTLED_OTHERWISE)
"""The provider kept the money. Once `settled_otherwise`, a person has seen to it that the payer has it another way."""


class PayoutStatus(StrEnum):
    """One payout. `sending` is an unknown outcome: ask before sending again; `sent` is not conclusive yet."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REVERSED = "reversed"
    CANCELLED = "cancelled"


UNSETTLED_PAYOUTS = (PayoutStatus.PENDING, PayoutStatus.SENDING, PayoutStatus.SENT)


class ScheduleStatus(StrEnum):
    """A payout that is due on a date."""

    PENDING = "pending"
    PROCESSING = "processing"
    PROCESSED = "processed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DeliveryStatus(StrEnum):
    """Something that goes out. `dead` is out of attempts, or refused for good."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    CANCELLED = "cancelled"


class Channel(StrEnum):
    """How something goes out."""

    WEBHOOK = "webhook"
    EMAIL = "email"
    SMS = "sms"
    CHAT = "chat"


class InboundWebhookStatus(StrEnum):
    """What became of something that a provider told us. `failed` is out of attempts."""

    RECEIVED = "received"
    HANDLED = "handled"
    IGNORED = "ignored"
    FAILED = "failed"


class MirrorStatus(StrEnum):
    """Whether the external ledger has a transfer. `sending` is an unknown outcome: ask by reference first.

    What is `done` was sent there; it is `missing` once it was asked about and is not there any more.
    """

    WAITING = "waiting"
    SENDING = "sending"
    DONE = "done"
    DEAD = "dead"
    MISSING = "missing"


class SubscriptionStatus(StrEnum):
    """A tenant's right to sell. While it is `expired` the tenant sells still, for the days of grace."""

    ACTIVE = "active"
    EXPIRED = "expired"
    SUSPENDED = "suspended"


class BackupStatus(StrEnum):
    """What became of a backup: it is `kept` from when its file is whole until it is removed."""

    MAKING = "making"
    KEPT = "kept"
    FAILED = "failed"
    REMOVED = "removed"


class BackupProof(StrEnum):
    """How proving a backup ended: it was restored and is whole, it is not, or nothing could be restored here."""

    PROVEN = "proven"
    FAILED = "failed"
    IMPOSSIBLE = "impossible"
