"""The alerts that facts raise: each is declared here once, and fired where its fact is written.

Those whose rule is asked again and again are declared in `services/alerts/registry.py` instead; a few are both: told at
once by the fact, and asked about afterwards.
"""

from dataclasses import dataclass
from typing import Literal

from webapp.domain.words import message

Severity = Literal["page", "warn"]


@dataclass(frozen=True, slots=True)
class Fact:
    """What kind of fact it is, and how bad: `page` wakes somebody, `warn` waits until the morning."""

    name: str
    severity: Severity
    what: str
    """What is the matter, in a sentence."""
    insists: bool = True
    """Whether each new fact is told at once. The others are told again only after somebody acknowledged the last."""


FACTS: dict[str, Fact] = {}
"""Every one of them, by name."""


def _fact(name: str, severity: Severity, what: str, *, insists: bool = True) -> Fact:
    FACTS[name] = found = Fact(name, severity, what, insists)
    return found


RUN_FAILED = _fact("run_failed", "page", message("A run failed, or was lost."), insists=False)
ITEMS_FAILED = _fact(
    "items_failed", "page", message("More of a run's items failed than its job allows."), insists=False
)
LONG_RUN = _fact("long_run", "warn", message("A run took longer than its job's threshold."), insists=False)
NEXT_SLOT_OFF = _fact(
    "next_slot_off", "page", message("A job's next slot was later than its plan allows."), insists=False
)
BOOKS_DO_NOT_BALANCE = _fact("books_do_not_balance", "page", message("An invariant of the ledger does not hold."))
AUDIT_TRAIL_BROKEN = _fact("audit_trail_broken", "page", message("The audit trail is not as it was sealed."))
BOOKS_DIFFER = _fact("books_differ", "page", message("Our books differ from another's."))
BOOKS_NOT_COMPARED = _fact(
    "books_not_compared", "warn", message("A book could not be compared with ours for six hours.")
)
TRANSFER_REJECTED = _fact("transfer_rejected", "page", message("The external ledger refused a transfer of ours."))
TOKEN_NOT_REFRESHED = _fact(
    "token_not_refreshed", "page", message("A provider's access token could not be renewed."), insists=False
)
ENDPOINT_PAUSED = _fact(
    "endpoint_paused", "warn", message("An endpoint of webhooks failed for so long that it was paused."), insists=False
)
PAYMENT_NEEDS_REVIEW = _fact(
    "payment_needs_review", "warn", message("A provider's answer about a payment contradicts ours.")
)
PAYMENT_COLLECTED_TWICE = _fact(
    "payment_collected_twice", "page", message("A provider collected money for a payment twice.")
)
PAYMENT_TAKEN_BACK = _fact(
    "payment_taken_back",
    "page",
    message("A provider has less of a payment than we count on, or has again what was decided as gone."),
)
CHARGEBACK = _fact("chargeback", "page", message("A payer's bank disputes a payment."))
REFUND_NEEDS_PERSON = _fact(
    "refund_needs_person", "page", message("A refund at the provider needs somebody to decide about it.")
)
REFUND_FAILED = _fact("refund_failed", "warn", message("A provider did not give money back."))
PAYOUT_FAILED = _fact("payout_failed", "page", message("A payout is out of attempts, or came back after it was paid."))
PAYOUT_CONTRADICTED = _fact("payout_contradicted", "page", message("A payout was paid after its money had come back."))
PAYOUT_OTHER_AMOUNT = _fact(
    "payout_other_amount", "page", message("A provider has a payout over another amount than was sent.")
)
PAYOUTS_PAUSED = _fact("payouts_paused", "page", message("A provider sends none of our payouts."))
