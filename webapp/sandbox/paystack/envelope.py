"""How Paystack answers: its envelope, its errors, its keys and its rate limits."""

import hmac
import time
from typing import Any

from flask import Blueprint, Response, jsonify, request

from webapp.sandbox.core import auth_and_faults
from webapp.sandbox.core.auth_and_faults import ProviderStyle, Wrong
from webapp.sandbox.core.sandbox import current

CURRENCIES = ("NGN", "GHS", "ZAR", "KES", "USD", "XOF", "EGP")
PROVIDER = "paystack"
_LIMIT = 180_000

blueprint = Blueprint(PROVIDER, __name__, url_prefix="/paystack")


def respond(message: str, data: Any, *, status: int = 200, meta: dict[str, Any] | None = None) -> Response:
    """Success: `status`, `message`, `data`, and `meta` for lists."""
    answer = jsonify({"status": True, "message": message, "data": data} | ({"meta": meta} if meta else {}))
    answer.status_code = status
    return answer


class PaystackWrong(Wrong):
    """An error with all that Paystack says of it: what to do next, its kind, and odd keys besides."""

    def __init__(
        self, status: int, detail: str, code: str, *, step: str | None, kind: str = "validation_error", **more: Any
    ) -> None:
        super().__init__(status, detail, code)
        self.step, self.kind, self.more = step, kind, more


def refused(
    status: int, message: str, code: str, kind: str = "validation_error", *, step: str | None = "", **more: Any
) -> Response:
    """An error in Paystack's shape; many of its own have no code, and some no next step."""
    usual = "Try again later" if status >= 429 else "Ensure that the values sent are right, and try again"
    details: dict[str, Any] = {} if step is None else {"meta": {"nextStep": step or usual}}
    details |= {"type": kind, "code": code} | more
    body = {"status": False, "message": message} | (details if code else {})
    answer = jsonify(body)
    answer.status_code = status
    return answer


def refused_by_fault() -> Response:
    """What `refuse` answers; 404 where something is asked for."""
    if request.method == "GET":
        return refused(404, "Transaction reference not found", "transaction_not_found")
    return refused(400, "Currency not supported by merchant", "unsupported_currency")


def _admits() -> Response | None:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if hmac.compare_digest(given.encode(), current().keys.paystack_secret_key.encode()):
        return None
    if not given:
        return refused(401, "No Authorization Header was found", "")
    step = "Ensure that you provide the correct authorization key for the request"
    return refused(401, "Invalid key", "invalid_Key", step=step)


STYLE = ProviderStyle(
    provider=PROVIDER,
    admits=_admits,
    refuses=refused_by_fault,
    fails=lambda: refused(500, "An error occurred, please try again later", "unknown", "api_error"),
    limits=lambda: refused(429, "Rate limit exceeded!", "rate_limited", "api_error"),
)
auth_and_faults.guard(blueprint, STYLE)


@blueprint.errorhandler(Wrong)
def _wrong(problem: Wrong) -> Response:
    if isinstance(problem, PaystackWrong):
        more = {"step": problem.step} | problem.more
        return refused(problem.status, problem.detail, problem.code, problem.kind, **more)
    return refused(problem.status, problem.detail, problem.code)


@blueprint.after_request
def _rates(answer: Response) -> Response:
    answer.headers["X-RateLimit-Limit"] = str(_LIMIT)
    answer.headers["X-RateLimit-Remaining"] = "0" if answer.status_code == 429 else str(_LIMIT - 1)
    answer.headers["X-RateLimit-Reset"] = str(60 - int(time.time()) % 60)
    return answer
