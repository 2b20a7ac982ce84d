"""A receiver for the desk's own webhooks: keeps every header and byte, and answers as its fault says."""

import base64
import uuid
from typing import Any

from flask import Blueprint, Response, jsonify, request

from webapp.sandbox.core.auth_and_faults import ProviderStyle, guard
from webapp.sandbox.core.sandbox import current

KIND = "hook"
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]

blueprint = Blueprint("hooks", __name__, url_prefix="/hooks")


@blueprint.route("/<path:name>", methods=_METHODS)
def receive(name: str) -> Response:
    """Write down what came."""
    raw = request.get_data()
    came = {
        "name": name,
        "method": request.method,
        "query": request.query_string.decode(),
        "headers": dict(request.headers.items()),
        "body": raw.decode(errors="replace"),
        "base64": base64.b64encode(raw).decode(),
    }
    current().store.add(KIND, uuid.uuid4().hex, came, parent=name)
    return Response("ok", 200, mimetype="text/plain")


def received(name: str | None = None) -> list[dict[str, Any]]:
    """What came to this name, or to all, in the order it came."""
    return [each.data | {"at": each.at} for each in current().store.listed(KIND, parent=name, limit=10_000)]


def _plain(status: int) -> Response:
    answer = jsonify({"error": f"answered {status} by fault"})
    answer.status_code = status
    return answer


def plain_style(provider: str) -> ProviderStyle:
    """How a receiver without a company says no."""
    return ProviderStyle(provider, lambda: None, lambda: _plain(400), lambda: _plain(500), lambda: _plain(429))


guard(blueprint, plain_style("hooks"))
