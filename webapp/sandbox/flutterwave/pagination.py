"""Flutterwave's lists, by page; both versions tell pages alike."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, request

from webapp.sandbox.core.request_inputs import instant, query_int
from webapp.sandbox.core.sandbox import current
from webapp.sandbox.core.store import Data, Thing
from webapp.sandbox.flutterwave.envelope import respond

_FILL, _MOST = 20, 500


def listed(
    message: str, kind: str, shape: Callable[[Thing], Data], strangers: Sequence[Data], **narrow: Any
) -> Response:
    """Newest first; `page`, `size`, `from`, `to`, `status`. Strangers' rows come first, however it is narrowed."""
    narrow |= {"status": request.args.get("status"), "since": instant("from"), "until": instant("to")}
    size, page, sandbox = query_int("size", _FILL, _MOST), query_int("page", 1, 1_000_000), current()
    rows = sandbox.store.listed(kind, limit=size, offset=(page - 1) * size, newest=True, **narrow)
    total = sandbox.store.count(kind, **narrow)
    found = [*(strangers if page == 1 and sandbox.options.strangers else ()), *map(shape, rows)]
    info = {"total": total, "current_page": page, "total_pages": max(1, -(-total // size)), "page_size": size}
    return respond(message, found, meta={"page_info": info})
