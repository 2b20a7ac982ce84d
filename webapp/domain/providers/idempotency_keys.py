"""What an instruction that moves money out is known by at its provider: a pure function of what is paid.

A copy of the database, a backup that was restored, and a second try after a crash make the same reference, which the
provider takes once. Two desks on one provider account have different ones, for the installation is part of it.
"""

import hashlib
import json

_SHORT = 24


def payout_reference(installation: str, party: str, schedule: str, earlier: int) -> str:
    """The reference of a schedule's payout after so many `earlier` ones that ended unpaid; 33 to 50 characters of
    `a-z0-9-`. Amount and dates are not in it: what was changed in one of two copies is paid once all the same.
    """
    return f"payout-{_digest(installation, party, schedule)[:_SHORT]}-{earlier + 1}"


def refund_key(provider: str, payment: str, amount: int, currency: str) -> str:
    """The idempotency key of a payment's refund, letters and digits. `payment` is what its provider knows it by."""
    return f"deskrefund{_digest(provider, payment, amount, currency)}"


def _digest(*parts: str | int) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
