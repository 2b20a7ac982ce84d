"""How Blnk answers: bare objects, and errors whose sentence is in `error`, or in `errors` where input is checked."""

import hmac
import json
from typing import Any

from flask import Blueprint, Response, jsonify, request

from webapp.sandbox.core import auth_and_faults
from webapp.sandbox.core.auth_and_faults import ProviderStyle, Wrong
from webapp.sandbox.core.sandbox import current
from webapp.sandbox.core.store import Data

PROVIDER = "blnk"
KEY = "blnk.key"
STATUSES = {
    "AUTH_INSUFFICIENT_PERMISSIONS": 403,
    "AUTH_INVALID_API_KEY": 401,
    "AUTH_MASTER_KEY_REQUIRED": 403,
    "AUTH_MISSING_API_KEY": 401,
    "AUTH_UNKNOWN_RESOURCE": 403,
    "BAL_NOT_FOUND": 404,
    "GEN_BAD_REQUEST": 400,
    "GEN_CONFLICT": 409,
    "GEN_INTERNAL": 500,
    "GEN_MALFORMED_REQUEST": 400,
    "GEN_RATE_LIMITED": 429,
    "GEN_RESOURCE_LOCKED": 423,
    "GEN_VALIDATION_ERROR": 400,
    "LGR_NOT_FOUND": 404,
    "TXN_ALREADY_COMMITTED": 409,
    "TXN_ALREADY_VOIDED": 409,
    "TXN_BULK_EMPTY": 400,
    "TXN_BULK_LIMIT_EXCEEDED": 400,
    "TXN_DUPLICATE_REFERENCE": 409,
    "TXN_INSUFFICIENT_FUNDS": 400,
    "TXN_INVALID_STATUS_ACTION": 400,
    "TXN_NOT_FOUND": 404,
    "TXN_NOT_INFLIGHT": 400,
    "TXN_VALIDATION_ERROR": 400,
}
_RESOURCES = {"ledgers": "ledgers", "balances": "balances", "transactions": "transactions"}
_RESOURCES |= {"refund-transaction": "transactions", "api-keys": "api-keys"}
_ACTIONS = {"GET": "read", "DELETE": "delete"}

blueprint = Blueprint(PROVIDER, __name__, url_prefix="/blnk")


class BlnkWrong(Wrong):
    """What was asked can't be done, by Blnk's code. `checked` is an error of checked input, in the other form."""

    def __init__(self, code: str, message: str, *, checked: bool = False, details: Data | None = None) -> None:
        super().__init__(STATUSES[code], message, code)
        self.checked, self.details = checked, details


def invalid(message: str, code: str = "TXN_VALIDATION_ERROR") -> BlnkWrong:
    """Input that fails the check before anything is tried."""
    return BlnkWrong(code, message, checked=True)


def not_found(code: str, message: str) -> BlnkWrong:
    """Something that isn't there."""
    return BlnkWrong(code, message, details={})


def respond(data: Any, status: int = 200) -> Response:
    """Success: the object itself."""
    answer = jsonify(data)
    answer.status_code = status
    return answer


def refused(problem: BlnkWrong, **beside: Any) -> Response:
    """An error: the sentence, and the code to branch on."""
    detail: Data = {"code": problem.code, "message": problem.detail}
    if problem.details is not None:
        detail["details"] = problem.details
    field = "errors" if problem.checked else "error"
    return respond(beside | {field: problem.detail, "error_detail": detail}, problem.status)


def request_body() -> Data:
    """The JSON object of this call; an empty one without a body. Raises BlnkWrong for what is none."""
    raw = request.get_data()
    if not raw:
        return {}
    try:
        found = json.loads(raw)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BlnkWrong("GEN_MALFORMED_REQUEST", "Invalid input")
    return found


def _admits() -> Response | None:
    if request.endpoint == "blnk.health":
        return None
    given = request.headers.get("X-Blnk-Key", "")
    if not given:
        return refused(BlnkWrong("AUTH_MISSING_API_KEY", "Authentication required. Use X-Blnk-Key header"))
    if hmac.compare_digest(given.encode(), current().keys.blnk_api_key.encode()):
        return None
    key = current().store.get(KEY, given)
    if key is None:
        return refused(BlnkWrong("AUTH_INVALID_API_KEY", "Invalid API key"))
    return _scoped(key.data["scopes"])


def _scoped(scopes: list[str]) -> Response | None:
    """A key that was made may do what its scopes say: the first part of the path, and read, write or delete."""
    resource = _RESOURCES.get(request.path.removeprefix(f"/{PROVIDER}/").partition("/")[0])
    if resource is None:
        return refused(BlnkWrong("AUTH_UNKNOWN_RESOURCE", "Unknown resource type"))
    scope = f"{resource}:{_ACTIONS.get(request.method, 'write')}"
    if {scope, f"{resource}:*", "*:*"} & set(scopes):
        return None
    return refused(BlnkWrong("AUTH_INSUFFICIENT_PERMISSIONS", f"Insufficient permissions for {scope}"))


auth_and_faults.guard(
    blueprint,
    ProviderStyle(
        provider=PROVIDER,
        admits=_admits,
        refuses=lambda: refused(invalid("the request was refused", "GEN_VALIDATION_ERROR")),
        fails=lambda: refused(BlnkWrong("GEN_INTERNAL", "internal server error")),
        limits=lambda: refused(BlnkWrong("GEN_RATE_LIMITED", "rate limit exceeded")),
    ),
)


@blueprint.errorhandler(BlnkWrong)
def _wrong(problem: BlnkWrong) -> Response:
    return refused(problem)


@blueprint.get("/health")
def health() -> Response:
    """Alive, to anyone."""
    return respond({"status": "UP"})


@blueprint.route("/<path:anything>", methods=["GET", "POST", "PUT", "DELETE"])
def unknown(anything: str) -> Response:
    """There is nothing here."""
    return Response("404 page not found", 404, mimetype="text/plain")
