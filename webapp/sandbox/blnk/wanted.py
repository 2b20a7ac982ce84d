"""What a transaction asks for, checked as Blnk checks it."""

from decimal import Decimal, InvalidOperation

from webapp.sandbox.blnk.manner import BlnkWrong
from webapp.sandbox.books import Data

_UNKNOWN_HERE = ("inflight", "scheduled_for", "dry_run", "inflight_expiry_date", "inflight_commit_date")
_DIGITS = 15


def wanted(asked: Data) -> Data:
    """What is kept of a transaction. Raises BlnkWrong; what the sandbox does not do is refused, never ignored."""
    for name in ("reference", "description", "currency"):
        if not asked.get(name):
            raise BlnkWrong("TXN_VALIDATION_ERROR", f"{name}: cannot be blank.")
    for name in _UNKNOWN_HERE:
        if asked.get(name):
            raise BlnkWrong("TXN_VALIDATION_ERROR", f"{name}: this sandbox does not do it.")
    for one, many in (("source", "sources"), ("destination", "destinations")):
        if bool(asked.get(one)) == bool(asked.get(many)):
            raise BlnkWrong("TXN_VALIDATION_ERROR", f"either {one} or {many} is required")
    if asked.get("sources") and asked.get("destinations"):
        raise BlnkWrong("TXN_VALIDATION_ERROR", "sources and destinations can not be used together")
    if asked.get("source") and asked.get("source") == asked.get("destination"):
        raise BlnkWrong("TXN_VALIDATION_ERROR", "source and destination must differ")
    precision = asked.get("precision") or 1
    if not isinstance(precision, int) or precision < 0:
        raise BlnkWrong("TXN_VALIDATION_ERROR", "precision: must be an integer of 0 or more")
    kept = {name: asked.get(name) for name in ("meta_data", "effective_date", "overdraft_limit")}
    return kept | {
        "precise_amount": _precise(asked, precision),
        "precision": precision,
        "currency": str(asked["currency"]),
        "description": str(asked["description"]),
        "source": str(asked.get("source") or ""),
        "destination": str(asked.get("destination") or ""),
        "allow_overdraft": bool(asked.get("allow_overdraft")),
        "atomic": bool(asked.get("atomic")),
    }


def _precise(asked: Data, precision: int) -> int:
    precise, amount = asked.get("precise_amount"), asked.get("amount")
    if (precise is None) == (amount is None):
        raise BlnkWrong("TXN_VALIDATION_ERROR", "either precise_amount or amount is required")
    if precise is not None:
        if not isinstance(precise, int) or isinstance(precise, bool):
            raise BlnkWrong("GEN_MALFORMED_REQUEST", "invalid numeric value: precise_amount must be a JSON integer")
        minor = precise
    else:
        minor = _of_major(amount, precision)
    if minor <= 0:
        raise BlnkWrong("TXN_VALIDATION_ERROR", "transaction amount must be positive")
    return minor


def _of_major(amount: object, precision: int) -> int:
    try:
        exact = Decimal(str(amount))
    except InvalidOperation:
        raise BlnkWrong("GEN_MALFORMED_REQUEST", "invalid numeric value: amount must be a JSON number") from None
    if not exact.is_finite() or len(exact.normalize().as_tuple().digits) > _DIGITS:
        raise BlnkWrong("TXN_VALIDATION_ERROR", f"amount: more than {_DIGITS} significant digits; use precise_amount")
    return int((exact * precision).to_integral_value())
