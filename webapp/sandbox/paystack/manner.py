"""How Paystack answers: its envelope, its errors, its keys and its rate limits."""

import hmac
import time
from typing import Any

from flask import Blueprint, Response, jsonify, request

from webapp.sandbox import gate
from webapp.sandbox.box import here
from webapp.sandbox.gate import Manner, Wrong

CURRENCIES = ("NGN", "GHS", "ZAR", "KES", "USD")
PROVIDER = "paystack"
_LIMIT = 180_000

blueprint = Blueprint(PROVIDER, __name__, url_prefix="/paystack")


def said(message: str, data: Any, *, status: int = 200, meta: dict[str, Any] | None = None) -> Response:
    """Success: `status`, `message`, `data`, and `meta` for lists."""
    answer = jsonify({"status": True, "message": message, "data": data} | ({"meta": meta} if meta else {}))
    answer.status_code = status
    return answer


def refused(status: int, message: str, code: str, kind: str = "validation_error") -> Response:
    """An error in Paystack's shape; many of its own have no code."""
    step = "Try again later" if status >= 429 else "Ensure that the values sent are right, and try again"
    more = {"meta": {"nextStep": step}, "type": kind, "code": code} if code else {}
    body = {"status": False, "message": message} | more
    answer = jsonify(body)
    answer.status_code = status
    return answer


def refused_by_mood() -> Response:
    """What `refuse` answers; 404 where something is asked for."""
    if request.method == "GET":
        return refused(404, "Transaction reference not found", "transaction_not_found")
    return refused(400, "Currency not supported by merchant", "unsupported_currency")


def _admits() -> Response | None:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if hmac.compare_digest(given.encode(), here().keys.paystack_secret_key.encode()):
        return None
    return refused(401, "Invalid key", "invalid_Key", "validation_error")


MANNER = Manner(
    provider=PROVIDER,
    admits=_admits,
    refuses=refused_by_mood,
    fails=lambda: refused(500, "An error occurred, please try again later", "unknown", "api_error"),
    limits=lambda: refused(429, "Rate limit exceeded!", "rate_limited", "api_error"),
)
gate.guard(blueprint, MANNER)


@blueprint.errorhandler(Wrong)
def _wrong(problem: Wrong) -> Response:
    return refused(problem.status, problem.detail, problem.code)


@blueprint.after_request
def _rates(answer: Response) -> Response:
    answer.headers["X-RateLimit-Limit"] = str(_LIMIT)
    answer.headers["X-RateLimit-Remaining"] = "0" if answer.status_code == 429 else str(_LIMIT - 1)
    answer.headers["X-RateLimit-Reset"] = str(60 - int(time.time()) % 60)
    return answer
