"""What is chosen of for a step: each the same often, so that what stands twice is chosen twice as often."""

from random import Random
from typing import Any

from tests.model.plain.facts import JOBS, PEOPLE

WHO = ["Divine", "Chika", "Amina", "Bosco", "Divine", "Chika", "Amina", "Bosco", *PEOPLE]
ADMIN = ["Divine"] * 9 + ["Amina", "Olu", "Vera"]
APPROVER = ["Chika", "Chika", "Divine", "Divine", "Amina"]
MOST = 8
"""Escrows on one desk: few enough that much happens to each."""
LAST = 6
WHICH = list(range(LAST + 1))
PARTY = ["Ada", "Ben", "Ada", "Ben", "Cy", "Dee"]
CURRENCY = ["NGN", "NGN", "NGN", "RWF"]
AMOUNT = [1, 7, 1_000, 9_999, 15_000, 30_000]
STALE = [False, False, False, False, False, True]
SHARE = [0, 1, 3, 5, 9, 10]
POLICY = ["deadline", "completion", "buffer", "placement"]
HOURS = [1, 1, 5, 23, 25, 73, 170]
TERMS = ["paid", "unpaid", "paid", "wallet", "credit", "unpaid", "unpaid"]
_UNPAID = ["less", "more", "more", "foreign", "failed", "absent", "silent", "wait"]
SAID = [*["paid"] * 5, *_UNPAID]
"""What a provider says of a payment; the amounts are less or more than was asked, or in another currency."""
PAYMENT_DECISION = ["accept", "refund", "mark_paid", "claw_back", "write_off"]
PAYER = ["Divine", "Olu"] * 4 + ["Amina"]
PLAN_AMOUNT = [7, 400, 1_000, 1_000, 1_000]
PAYOUT_CURRENCY = ["NGN"] * 9 + ["RWF"]
PLAN_DUE = [-1, -1, 0, 5, 30]
MOOD = ["queued", "queued", "queued", "refused", "unsent", "held", "silent", "lost", "hidden"]
"""What a provider answers to a payout: `silent` has it, `lost` has it not, `hidden` has it and does not show it."""
BANK_TURN = [None, "pending", *["success"] * 5, "failed", "failed", "reversed", "reversed", "hidden", "other", "part"]
PAYOUT_DECISION = ["mark_paid", "give_back", "claw_back", "claw_back", "write_off"]
RESOLUTION = ["release_to_seller", "refund_to_buyer", "split", "no_fault"]
HANDLING: list[tuple[str, Any]] = [
    *[("ask", "buyer"), ("ask", "seller"), ("answered", None), ("escalate", None), ("assign", "Bosco")],
    *[("assign", None), ("say", ("seller", True)), ("say", ("buyer", True)), ("say", ("internal", False))],
    *[("silence", 75), ("silence", 1), ("say", ("seller", False))],
]
"""What is done in a case, and to whom, for how many hours, or who reads it or wrote it."""
JOB = [*JOBS, "watch"]
HOW = [*["tick"] * 6, "once", "once", "twice", "twice", "dry", "toggle", "repeat", "switch"]
PAIRS = [
    ("Ada", "Ben"),
    ("Ben", "Ada"),
    ("Dee", "Ben"),
    ("Ada", "Ben"),
    ("Ben", "Ada"),
    ("Ada", "Cy"),
    ("Ben", "Dee"),
    ("Ada", "Ada"),
]
TENANTS = ["north", "south"]
TENANT_TURN = ["create", "renewed", "extended", "suspended", "suspended", "resumed", "resumed", "reverted"]
ORDER: dict[str, list[Any]] = {
    "terms": TERMS,
    "pair": PAIRS,
    "amount": AMOUNT,
    "currency": CURRENCY,
    "policy": POLICY,
    "fee": SHARE,
    "due": [None, 2, 30, 100],
    "tenant": [None, None, *TENANTS],
}
VERB = ["deposit", "owe", "repay", "mandate", "deposit", "owe", "repay", "wallet"]
MANDATE = (
    [None, 1, 50, 100],
    [None, 5, 2_000],
    [None, 0, 500],
    [True, True, False],
)
"""Percent, the daily maximum, the minimum balance, and whether it is on."""
CORRECTION = ["reverse", "reverse", "reverse_and_refund", "reverse_and_split"]


def chosen(dice: Random, of: Any) -> Any:
    """One of a list; of a tuple or a dictionary one of each."""
    if isinstance(of, dict):
        return {name: chosen(dice, each) for name, each in of.items()}
    if isinstance(of, tuple):
        return tuple(chosen(dice, each) for each in of)
    return dice.choice(of)
