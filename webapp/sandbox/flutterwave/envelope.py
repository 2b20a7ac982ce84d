"""How Flutterwave answers: v4 with `status` and `error`, v3 with `status`, `message` and `data`."""

import hmac
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request

from webapp.sandbox.core import auth_and_faults
from webapp.sandbox.core.auth_and_faults import ProviderStyle, Wrong
from webapp.sandbox.core.sandbox import current
from webapp.sandbox.flutterwave.tokens import is_alive

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


_ABOUT_THE_REQUEST = (400, 404, 409)


class Invalid(Wrong):
    """v4 refuses fields, each with its sentence."""

    def __init__(self, wrong: Mapping[str, str]) -> None:
        super().__init__(400, "Request is not valid")
        self.wrong = wrong


class Coded(Wrong):
    """An error of v4 with a code of its own; `status` is the HTTP status."""

    http = 400

    def __init__(self, kind: str, code: str, message: str) -> None:
        super().__init__(self.http, message)
        self.kind, self.own_code = kind, code


class Absent(Coded):
    """What was asked about is not there."""

    http = 404


class Known(Coded):
    """It was done already."""


class Duplicate(Coded):
    """The reference has one already."""

    http = 409

    def __init__(self, message: str) -> None:
        super().__init__("REFERENCE_ALREADY_EXISTS", "1100409", message)


identity = Blueprint("flutterwave_identity", __name__, url_prefix="/flutterwave/idp")
v4 = Blueprint("flutterwave", __name__, url_prefix="/flutterwave")
v3 = Blueprint("flutterwave_v3", __name__, url_prefix="/flutterwave/v3")


def respond(message: str, data: Any, *, status: int = 200, meta: dict[str, Any] | None = None) -> Response:
    """Success, which both versions say alike."""
    answer = jsonify({"status": "success", "message": message} | ({"meta": meta} if meta else {}) | {"data": data})
    answer.status_code = status
    return answer


def refused_v4(
    status: int, message: str, *, named: tuple[str, str] | None = None, fields: Mapping[str, str] | None = None
) -> Response:
    """An error of v4: its type and code, and the fields that are wrong."""
    kind, code = named or _V4_ERRORS[status]
    wrong = [{"field_name": name, "message": reason} for name, reason in (fields or {}).items()]
    error: dict[str, Any] = {"type": kind, "code": code, "message": message}
    if status in _ABOUT_THE_REQUEST:
        error["validation_errors"] = wrong
    answer = jsonify({"status": "failed", "error": error})
    answer.status_code = status
    return answer


def refused_v3(status: int, message: str) -> Response:
    """An error of v3; one about what is there already has no data."""
    answer = jsonify({"status": "error", "message": message} | ({} if status == 409 else {"data": None}))
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
    if not is_alive(current(), _bearer()):
        return refused_v4(401, "Unauthorized")
    trace = request.headers.get("X-Trace-Id")
    if trace is not None and not (trace.isascii() and trace.isalnum() and 12 <= len(trace) <= 255):
        return refused_v4(400, "X-Trace-Id must be 12 to 255 letters and digits")
    return None


def _admits_v3() -> Response | None:
    if hmac.compare_digest(_bearer().encode(), current().keys.flutterwave_secret_key.encode()):
        return None
    return refused_v3(401, "Invalid authorization key")


auth_and_faults.guard(
    v4,
    ProviderStyle(
        provider=PROVIDER,
        admits=_admits_v4,
        refuses=lambda: refused_v4(400, "Request is not valid"),
        fails=lambda: refused_v4(500, "Something went wrong"),
        limits=lambda: refused_v4(429, "Too many requests"),
    ),
)
auth_and_faults.guard(
    v3,
    ProviderStyle(
        provider=PROVIDER,
        admits=_admits_v3,
        refuses=lambda: refused_v3(400, "Invalid request"),
        fails=lambda: refused_v3(500, "Something went wrong"),
        limits=lambda: refused_v3(429, "Too many requests"),
    ),
)
auth_and_faults.guard(
    identity,
    ProviderStyle(
        provider=PROVIDER,
        admits=lambda: None,
        refuses=lambda: refused_identity(400, "invalid_request", "The request was refused"),
        fails=lambda: refused_identity(500, "unknown_error", "Something went wrong"),
        limits=lambda: refused_identity(429, "too_many_requests", "Too many requests"),
    ),
)


@v4.errorhandler(Wrong)
def _wrong_v4(problem: Wrong) -> Response:
    named = (problem.kind, problem.own_code) if isinstance(problem, Coded) else None
    fields = problem.wrong if isinstance(problem, Invalid) else None
    return refused_v4(problem.status, problem.detail, named=named, fields=fields)


@v3.errorhandler(Wrong)
def _wrong_v3(problem: Wrong) -> Response:
    return refused_v3(409 if problem.status == 409 else 400, problem.detail)
