"""What a transaction asks for, checked as Blnk checks it."""

from decimal import Decimal, InvalidOperation

from webapp.sandbox.blnk.envelope import BlnkWrong, invalid
from webapp.sandbox.core.store import Data

_UNKNOWN_HERE = ("scheduled_for", "dry_run", "inflight_expiry_date", "inflight_commit_date")
_DIGITS = 15


def wanted(asked: Data) -> Data:
    """What is kept of a transaction. Raises BlnkWrong; what the sandbox does not do is refused, never ignored."""
    precision = asked.get("precision") or 1
    if not isinstance(precision, int) or precision < 0:
        raise BlnkWrong("GEN_MALFORMED_REQUEST", "Invalid input")
    amount = _precise(asked, precision)
    for name in ("reference", "description", "currency"):
        if not asked.get(name):
            raise invalid(f"{name}: cannot be blank.")
    for name in _UNKNOWN_HERE:
        if asked.get(name):
            raise invalid(f"{name}: this sandbox does not do it.")
    _require_ends(asked)
    kept = {name: asked.get(name) for name in ("meta_data", "effective_date", "overdraft_limit")}
    return kept | {
        "precise_amount": amount,
        "was_precise": asked.get("precise_amount") is not None,
        "precision": precision,
        "currency": str(asked["currency"]),
        "description": str(asked["description"]),
        "source": str(asked.get("source") or ""),
        "destination": str(asked.get("destination") or ""),
        "allow_overdraft": bool(asked.get("allow_overdraft")),
        "skip_queue": bool(asked.get("skip_queue")),
        "inflight": bool(asked.get("inflight")),
        "atomic": bool(asked.get("atomic")),
    }


def _require_ends(asked: Data) -> None:
    for one, many in (("source", "sources"), ("destination", "destinations")):
        if bool(asked.get(one)) == bool(asked.get(many)):
            raise invalid(f"{one}: either {one} or {many} is required, not both.")
    if asked.get("sources") and asked.get("destinations"):
        raise invalid("sources: sources and destinations can not be used together.")
    if asked.get("source") and asked.get("source") == asked.get("destination"):
        raise invalid("destination: source and destination cannot be the same balance.")


def _precise(asked: Data, precision: int) -> int:
    precise, amount = asked.get("precise_amount"), asked.get("amount")
    if precise is None and amount is None:
        raise invalid("amount: either amount or precise_amount is required.")
    if precise is not None and amount is not None:
        raise invalid("amount: either amount or precise_amount is required, not both.")
    if precise is not None and (not isinstance(precise, int) or isinstance(precise, bool)):
        raise BlnkWrong("GEN_MALFORMED_REQUEST", "Invalid input")
    minor = precise if precise is not None else _of_major(amount, precision)
    if minor < 0:
        raise invalid("amount: precise_amount cannot be negative.")
    return minor


def _of_major(amount: object, precision: int) -> int:
    try:
        exact = Decimal(str(amount))
    except InvalidOperation:
        raise BlnkWrong("GEN_MALFORMED_REQUEST", "Invalid input") from None
    if not exact.is_finite() or len(exact.normalize().as_tuple().digits) > _DIGITS:
        raise invalid(f"amount: more than {_DIGITS} significant digits; use precise_amount.")
    return int((exact * precision).to_integral_value())
