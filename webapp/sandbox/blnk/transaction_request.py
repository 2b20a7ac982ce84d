"""What a transaction asks for, checked as Blnk checks it."""

from decimal import Decimal, InvalidOperation

from webapp.sandbox.blnk.envelope import BlnkWrong, invalid
from webapp.sandbox.core.store import Data

_UNKNOWN_HERE = ("scheduled_for", "dry_run", "inflight_expiry_date", "inflight_commit_date")
_DIGITS = 15


def read_transaction_request(body: Data) -> Data:
    """What is kept of a transaction. Raises BlnkWrong; what the sandbox does not do is refused, never ignored."""
    precision = body.get("precision") or 1
    if not isinstance(precision, int) or precision < 0:
        raise BlnkWrong("GEN_MALFORMED_REQUEST", "Invalid input")
    amount = _precise(body, precision)
    for name in ("reference", "description", "currency"):
        if not body.get(name):
            raise invalid(f"{name}: cannot be blank.")
    for name in _UNKNOWN_HERE:
        if body.get(name):
            raise invalid(f"{name}: this sandbox does not do it.")
    _require_ends(body)
    kept = {name: body.get(name) for name in ("meta_data", "effective_date", "overdraft_limit")}
    return kept | {
        "precise_amount": amount,
        "was_precise": body.get("precise_amount") is not None,
        "precision": precision,
        "currency": str(body["currency"]),
        "description": str(body["description"]),
        "source": str(body.get("source") or ""),
        "destination": str(body.get("destination") or ""),
        "allow_overdraft": bool(body.get("allow_overdraft")),
        "skip_queue": bool(body.get("skip_queue")),
        "inflight": bool(body.get("inflight")),
        "atomic": bool(body.get("atomic")),
    }


def _require_ends(body: Data) -> None:
    for one, many in (("source", "sources"), ("destination", "destinations")):
        if bool(body.get(one)) == bool(body.get(many)):
            raise invalid(f"{one}: either {one} or {many} is required, not both.")
    if body.get("sources") and body.get("destinations"):
        raise invalid("sources: sources and destinations can not be used together.")
    if body.get("source") and body.get("source") == body.get("destination"):
        raise invalid("destination: source and destination cannot be the same balance.")


def _precise(body: Data, precision: int) -> int:
    precise, amount = body.get("precise_amount"), body.get("amount")
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
