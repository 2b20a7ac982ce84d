"""The words of the desk, each in a sentence or two: for the page of all words, and where one stands on another page."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask_babel import lazy_gettext as _l


class Term(NamedTuple):
    """A word, what it means here, and the other labels that say the same."""

    word: Any
    meaning: Any
    also: tuple[Any, ...] = ()


TERMS: Mapping[str, Term] = {
    "escrow": Term(
        _l("Escrow"),
        _l("Money held for one order between a buyer and a seller. It leaves once: to the seller, back, or split."),
        (_l("Escrows"),),
    ),
    "frozen": Term(
        _l("Frozen"),
        _l("A held escrow that no timer and no job may pay, because a person, a dispute or a proposal stopped it."),
        (_l("Frozen or disputed"), _l("Freezes")),
    ),
    "blocked": Term(_l("Blocked"), _l("Due, but it could not be paid: its page says what stands in the way.")),
    "policy": Term(_l("Policy"), _l("What makes an escrow due: a deadline, completion, a buffer or a placement.")),
    "buffer": Term(
        _l("Buffer"),
        _l("Days that pass after an order is complete before its money goes to the seller."),
        (_l("buffer"),),
    ),
    "placement": Term(
        _l("Placement"),
        _l("Work that somebody was placed in. Part of the pay is held until a date, in case it ends early."),
        (_l("placement"), _l("Placements")),
    ),
    "dispute": Term(
        _l("Dispute"), _l("A claim on an escrow. While it is open, nothing of the money moves."), (_l("Disputes"),)
    ),
    "proposal": Term(
        _l("Proposal"),
        _l("A decision above a person's limit. It is carried out when a second person agrees."),
        (_l("Proposals"),),
    ),
    "limit": Term(
        _l("Limit"),
        _l("Up to this amount a day, one person decides alone."),
    ),
    "reversal": Term(
        _l("Reversal"), _l("A new transfer that undoes an earlier one. Nothing that was written is ever changed.")
    ),
    "wallet": Term(_l("Wallet"), _l("What a party may spend or be paid out. A party may have none yet.")),
    "debt": Term(_l("Debt"), _l("What a party owes: an order on credit was paid by the platform.")),
    "auto-deduct": Term(_l("Auto-deduct"), _l("A party's standing order to repay its debt from its wallet.")),
    "reserve": Term(
        _l("Reserve"),
        _l("The part of a wallet that auto-deduct leaves there: its minimum balance."),
    ),
    "chargeback": Term(
        _l("Chargeback"),
        _l("A payer's bank takes a payment back, even weeks later; the provider asks for proof."),
        (_l("Chargebacks"),),
    ),
    "clearing": Term(_l("Clearing"), _l("The account of what a provider has collected or sent, and not settled yet.")),
    "slot": Term(
        _l("Slot"),
        _l("One planned instant of a job. Each ends as exactly one run, or is marked as missed."),
        (_l("Passed slots"),),
    ),
    "run": Term(_l("Run"), _l("One execution of a job, with its log, its counts and the items that failed.")),
    "grace": Term(
        _l("Grace"),
        _l("How long after its planned instant a job may begin before it is called late."),
        (
            _l("Grace ends"),
            _l("In grace"),
            _l("Own days of grace"),
        ),
    ),
    "dry-run": Term(_l("Dry run"), _l("A run that says what it would do, and changes nothing.")),
    "dead-letter": Term(
        _l("Dead letter"),
        _l("A message that was tried as often as it may be, and is not tried again by itself."),
        (_l("Dead letters"),),
    ),
    "webhook": Term(_l("Webhook"), _l("A signed message over HTTP that tells another system that something happened.")),
    "hold": Term(
        _l("Hold"),
        _l("A part of somebody's pay that is kept back until a date, in case the work ends early."),
    ),
    "freeze": Term(
        _l("Freeze"),
        _l("One reason why an escrow may not be paid now. Each is lifted by itself; while one is left, nothing moves."),
    ),
    "deduction": Term(
        _l("Deduction"),
        _l("A part of a debt that was taken from the party's wallet: by its standing order, or by hand."),
    ),
    "standing-order": Term(
        _l("Standing order"),
        _l(
            "A party's leave to take its debt from its wallet, a part each evening, until it is repaid or switched off."
        ),
    ),
    "pending-earnings": Term(
        _l("Pending earnings"),
        _l("What a seller has earned but can't use yet: it goes to the wallet when its buffer has passed."),
    ),
    "lost": Term(
        _l("Lost"),
        _l(
            "The process that did the run stopped answering. What it had done counts; the rest is found and done again."
        ),
    ),
    "partial": Term(_l("Partial"), _l("The run reached its end, but some of its items failed. Those can be retried.")),
    "missed": Term(_l("Missed"), _l("A planned instant that passed while nothing could run it.")),
    "staged": Term(
        _l("Staged"),
        _l("Evidence that is prepared but not handed in: it counts once somebody submits it."),
        (_l("staged"),),
    ),
    "reconciliation": Term(
        _l("Reconciliation"), _l("Comparing the desk's books with a provider's, entry by entry; a difference is shown.")
    ),
    "audit-chain": Term(
        _l("Audit chain"), _l("Records of who did what, each sealed with the one before: a change would be noticed.")
    ),
}
"""By their place on the page of all words."""
