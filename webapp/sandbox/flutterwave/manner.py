"""How Flutterwave answers: v4 with `status` and `error`, v3 with `status`, `message` and `data`."""

import hmac
from typing import Any

from flask import Blueprint, Response, jsonify, request

from webapp.sandbox import gate
from webapp.sandbox.box import here
from webapp.sandbox.flutterwave.tokens import is_alive
from webapp.sandbox.gate import Manner, Wrong

PROVIDER = "flutterwave"
V3 = "flutterwave_v3"
_V4_ERRORS = {
    400: ("REQUEST_NOT_VALID", "10400"),
    401: ("UNAUTHORIZED", "10401"),
    404: ("RESOURCE_NOT_FOUND", "10404"),
    409: ("RESOURCE_CONFLICT", "10409"),
    429: ("TOO_MANY_REQUESTS", "10429"),
    500: ("INTERNAL_SERVER_ERROR", "10500"),
}

identity = Blueprint("flutterwave_identity", __name__, url_prefix="/flutterwave/idp")
v4 = Blueprint("flutterwave", __name__, url_prefix="/flutterwave")
v3 = Blueprint("flutterwave_v3", __name__, url_prefix="/flutterwave/v3")


def said(message: str, data: Any, *, status: int = 200, meta: dict[str, Any] | None = None) -> Response:
    """Success, which both versions say alike."""
    answer = jsonify({"status": "success", "message": message} | ({"meta": meta} if meta else {}) | {"data": data})
    answer.status_code = status
    return answer


def refused_v4(status: int, message: str) -> Response:
    """An error of v4."""
    kind, code = _V4_ERRORS[status]
    answer = jsonify({"status": "failed", "error": {"type": kind, "code": code, "message": message}})
    answer.status_code = status
    return answer


def refused_v3(status: int, message: str) -> Response:
    """An error of v3."""
    answer = jsonify({"status": "error", "message": message, "data": None})
    answer.status_code = status
    return answer


def refused_identity(status: int, error: str, message: str) -> Response:
    """An error of the identity provider."""
    answer = jsonify({"error": error, "error_description": message})
    answer.status_code = status
    return answer


def _bearer() -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ").strip()


def _admits_v4() -> Response | None:
    if not is_alive(here(), _bearer()):
        return refused_v4(401, "Unauthorized")
    trace = request.headers.get("X-Trace-Id")
    return (
        refused_v4(400, "X-Trace-Id must have 12 to 255 characters") if trace and not 12 <= len(trace) <= 255 else None
    )


def _admits_v3() -> Response | None:
    if hmac.compare_digest(_bearer().encode(), here().keys.flutterwave_secret_key.encode()):
        return None
    return refused_v3(401, "Invalid authorization key")


gate.guard(
    v4,
    Manner(
        provider=PROVIDER,
        admits=_admits_v4,
        refuses=lambda: refused_v4(400, "Request is not valid"),
        fails=lambda: refused_v4(500, "Something went wrong"),
        limits=lambda: refused_v4(429, "Too many requests"),
    ),
)
gate.guard(
    v3,
    Manner(
        provider=PROVIDER,
        admits=_admits_v3,
        refuses=lambda: refused_v3(400, "Invalid request"),
        fails=lambda: refused_v3(500, "Something went wrong"),
        limits=lambda: refused_v3(429, "Too many requests"),
    ),
)
gate.guard(
    identity,
    Manner(
        provider=PROVIDER,
        admits=lambda: None,
        refuses=lambda: refused_identity(400, "invalid_request", "The request was refused"),
        fails=lambda: refused_identity(500, "unknown_error", "Something went wrong"),
        limits=lambda: refused_identity(429, "too_many_requests", "Too many requests"),
    ),
)


@v4.errorhandler(Wrong)
def _wrong_v4(problem: Wrong) -> Response:
    return refused_v4(problem.status, problem.detail)


@v3.errorhandler(Wrong)
def _wrong_v3(problem: Wrong) -> Response:
    return refused_v3(400, problem.detail)
