"""The references under which a provider takes an instruction once. Another version of the desk makes the same ones."""

import hashlib
import json
import re
from itertools import product

from webapp.domain.providers.idempotency_keys import payout_reference, refund_key


def digest(*parts: str | int) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def test_a_payouts_reference_stays_what_it_was_made_of() -> None:
    made = payout_reference("desk-1", "party-7", "plan-3", 0)
    assert made == f"payout-{digest('desk-1', 'party-7', 'plan-3')[:24]}-1"
    assert payout_reference("desk-1", "party-7", "plan-3", 41) == made.removesuffix("-1") + "-42"
    assert re.fullmatch("[a-z0-9-]{33,50}", made)


def test_a_refunds_key_stays_what_it_was_made_of() -> None:
    made = refund_key("paystack", "4099260516", 4_000, "NGN")
    assert made == f"deskrefund{digest('paystack', '4099260516', 4_000, 'NGN')}"
    assert made.isalnum()


def test_what_differs_is_another_instruction() -> None:
    assert len({payout_reference(*each) for each in product("ab", "ab", "ab", (0, 1))}) == 16
    assert len({refund_key(*each) for each in product("ab", "ab", (1, 2), "ab")}) == 16
