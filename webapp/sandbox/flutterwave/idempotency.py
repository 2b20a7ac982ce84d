"""The idempotency keys of v4: a repeat is answered with the first answer."""

from collections.abc import Callable

from flask import Response, jsonify, request

from webapp.sandbox.core.sandbox import current
from webapp.sandbox.core.store import Data
from webapp.sandbox.flutterwave.envelope import Invalid

_KEY = "flutterwave.key"
_SHORTEST, _LONGEST = 12, 255


def once(act: Callable[[], tuple[int, Data]]) -> Response:
    """The first answer of an X-Idempotency-Key, however often it is asked. Raises Invalid for a key that is none."""
    key, store = request.headers.get("X-Idempotency-Key"), current().store
    if key is not None and not (key.isascii() and key.isalnum() and _SHORTEST <= len(key) <= _LONGEST):
        raise Invalid({"X-Idempotency-Key": "must be 12 to 255 letters and digits"})
    with store.writing():
        first = store.get(_KEY, key) if key else None
        status, answer = (first.data["status"], first.data["answer"]) if first else act()
        if key and not first:
            store.add(_KEY, key, {"status": status, "answer": answer})
    response = jsonify(answer)
    response.status_code = status
    if first:
        response.headers["X-Idempotency-Cache-Hit"] = "true"
    return response
