"""How Blnk answers: bare objects, and errors that carry `error` and `error_detail`."""

import hmac
from typing import Any

from flask import Blueprint, Response, jsonify, request

from webapp.sandbox import gate
from webapp.sandbox.box import here
from webapp.sandbox.gate import Manner, Wrong

PROVIDER = "blnk"
STATUSES = {
    "AUTH_MISSING_API_KEY": 401,
    "AUTH_INVALID_API_KEY": 401,
    "BAL_NOT_FOUND": 404,
    "GEN_CONFLICT": 409,
    "GEN_INTERNAL": 500,
    "GEN_MALFORMED_REQUEST": 400,
    "GEN_RATE_LIMITED": 429,
    "GEN_RESOURCE_LOCKED": 423,
    "GEN_VALIDATION_ERROR": 400,
    "LGR_NOT_FOUND": 404,
    "TXN_DUPLICATE_REFERENCE": 409,
    "TXN_INSUFFICIENT_FUNDS": 400,
    "TXN_INVALID_STATUS_ACTION": 400,
    "TXN_NOT_FOUND": 404,
    "TXN_VALIDATION_ERROR": 400,
}

blueprint = Blueprint(PROVIDER, __name__, url_prefix="/blnk")


def said(data: Any, status: int = 200) -> Response:
    """Success: the object itself."""
    answer = jsonify(data)
    answer.status_code = status
    return answer


def refused(code: str, message: str) -> Response:
    """An error since 0.15: the old text, and the code to branch on."""
    return said({"error": message, "error_detail": {"code": code, "message": message}}, STATUSES[code])


class BlnkWrong(Wrong):
    """What was asked can't be done, by Blnk's code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(STATUSES[code], message, code)


def _admits() -> Response | None:
    if request.endpoint == "blnk.health":
        return None
    given = request.headers.get("X-Blnk-Key", "")
    if not given:
        return refused("AUTH_MISSING_API_KEY", "Authentication required. Use X-Blnk-Key header")
    if hmac.compare_digest(given.encode(), here().keys.blnk_api_key.encode()):
        return None
    return refused("AUTH_INVALID_API_KEY", "Invalid API key")


gate.guard(
    blueprint,
    Manner(
        provider=PROVIDER,
        admits=_admits,
        refuses=lambda: refused("GEN_VALIDATION_ERROR", "the request was refused"),
        fails=lambda: refused("GEN_INTERNAL", "internal server error"),
        limits=lambda: refused("GEN_RATE_LIMITED", "rate limit exceeded"),
    ),
)


@blueprint.errorhandler(Wrong)
def _wrong(problem: Wrong) -> Response:
    return refused(problem.code if problem.code in STATUSES else "GEN_VALIDATION_ERROR", problem.detail)


@blueprint.get("/health")
def health() -> Response:
    """Alive, to anyone."""
    return said({"status": "UP"})
