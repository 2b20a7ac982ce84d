"""Reading what a call carries, without trusting any of it."""

from datetime import UTC, datetime
from typing import Any

from flask import request

from webapp import clock
from webapp.domain.instants import parse_time_or_day
from webapp.sandbox.core.auth_and_faults import Wrong
from webapp.sandbox.core.store import Data


def request_body() -> Data:
    """The JSON object of this call; an empty one when there is none."""
    found = request.get_json(force=True, silent=True)
    return found if isinstance(found, dict) else {}


def parse_int(value: Any) -> int | None:
    """A whole number above zero, also one written as text."""
    try:
        number = int(value)
    except (TypeError, ValueError):
        return None
    return number if number > 0 and not isinstance(value, bool | float) else None


def query_int(name: str, default: int, most: int) -> int:
    """A number from the query, at least 1."""
    return min(most, parse_int(request.args.get(name)) or default)


def instant(name: str, field: str = "") -> float | None:
    """A time from the query as seconds; a date alone is its midnight, or for `to` the end of that day."""
    text = request.args.get(name)
    if not text:
        return None
    try:
        found = parse_time_or_day(text.replace(" ", "+"), UTC)
    except ValueError:
        raise Wrong(400, f"{field or name} must be a valid date", "invalid_params") from None
    is_date = len(text.strip()) == len("2026-01-01")
    return found.timestamp() + (24 * 3600 - 0.001 if is_date and name == "to" else 0)


def format_time(at: float | None) -> str | None:
    """An instant as Paystack and Flutterwave write it: milliseconds and a Z."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, tz=clock.now().tzinfo).isoformat(timespec="milliseconds").replace("+00:00", "Z")
