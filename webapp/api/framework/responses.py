"""What an operation may answer besides what it is for: each refusal where it can happen, with its headers."""

from collections.abc import Iterator
from typing import Any

from webapp.api.framework.routing import Endpoint

REFERENCE = "#/components/schemas/{model}"

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence that says what to do."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "A sentence per field.",
        },
    },
}
_DESCRIPTIONS = {
    400: "The request can't be read, or a browser's form token is missing.",
    401: "No token, or one that nobody knows.",
    403: "The token lacks the scope, or the person the role.",
    404: "There is no such thing.",
    409: "It is not as the caller believes, or was changed meanwhile.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "The input can't be used; `errors` names each field.",
    429: "Too many requests; `Retry-After` says how many seconds to wait.",
    503: "Something that is needed is not set up, or not there just now; `Retry-After` says when to try again.",
}
_TEXT = {"schema": {"type": "string"}}
_SECONDS = {"schema": {"type": "integer", "minimum": 0}}
_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": _TEXT | {"description": "`Bearer`."}},
    429: {"Retry-After": _SECONDS | {"description": "Seconds to wait."}},
    503: {"Retry-After": _SECONDS | {"description": "Seconds to wait, where waiting helps."}},
}


def good(endpoint: Endpoint, content: dict[str, Any]) -> dict[str, Any]:
    """The answer that it is for."""
    description = "Taken; it is done in the background." if endpoint.status == 202 else "Done."
    answer: dict[str, Any] = {"description": description, "content": content}
    headers = dict(_headers(endpoint))
    return answer | ({"headers": headers} if headers else {})


def refusals(endpoint: Endpoint) -> dict[str, Any]:
    """Every refusal that it may answer with, by status."""
    return {str(status): refusal(status) for status in sorted(_statuses(endpoint))}


def refusal(status: int, description: str | None = None) -> dict[str, Any]:
    """One refusal: `application/problem+json`."""
    content = {"application/problem+json": {"schema": {"$ref": REFERENCE.format(model="Problem")}}}
    answer: dict[str, Any] = {"description": description or _DESCRIPTIONS[status], "content": content}
    return answer | ({"headers": _HEADERS[status]} if status in _HEADERS else {})


def _headers(endpoint: Endpoint) -> Iterator[tuple[str, Any]]:
    if endpoint.location:
        yield "Location", _TEXT | {"description": "Where what was made is found."}
    if endpoint.writes:
        description = "`true` when this repeats the answer to an earlier request with the same key."
        yield "Idempotency-Replayed", {"schema": {"const": "true"}, "description": description}


def _statuses(endpoint: Endpoint) -> Iterator[int]:
    is_ours = endpoint.path.startswith("/api/")
    yield from (400, 401, 403, 429, 503)
    # What the replaced systems called takes no notice of a query, and its jobs may not be planned yet.
    if endpoint.writes or endpoint.takes("query") or "<" in endpoint.path or not is_ours:
        yield 404
    if endpoint.writes or is_ours:
        yield 422
    if endpoint.writes:
        yield 413
    if endpoint.writes or endpoint.may_conflict:
        yield 409
    if endpoint.takes("body"):
        yield 415
