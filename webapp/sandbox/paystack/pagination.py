"""Paystack's lists: `perPage`, `page` or a cursor, `from`, `to`."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, request

from webapp.sandbox.core.request_inputs import instant, parse_int, query_int
from webapp.sandbox.core.sandbox import current
from webapp.sandbox.core.store import Data, Thing
from webapp.sandbox.paystack.envelope import respond

_FILL, _MOST = 50, 1000


def listed(
    message: str,
    kind: str,
    shape: Callable[[Thing], Data],
    strangers: Sequence[Data] = (),
    *,
    parent: str | None = None,
    as_text: bool = False,
) -> Response:
    """Newest first. With `use_cursor`, or `next`, pages are told by a cursor and nothing is counted. `as_text`: the
    size of a page is a text, as Paystack's list of refunds has it. Strangers' rows come first, however it is narrowed.
    """
    others = list(strangers) if current().options.strangers else []
    narrow: dict[str, Any] = {
        "parent": parent,
        "status": request.args.get("status"),
        "since": instant("from"),
        "until": instant("to"),
    }
    size, store = query_int("perPage", _FILL, _MOST), current().store
    if request.args.get("use_cursor") == "true" or request.args.get("next"):
        before = parse_int((request.args.get("next") or "").removeprefix("c"))
        found = store.listed(kind, limit=size + 1, newest=True, before=before, **narrow)
        more = f"c{found[size - 1].number}" if len(found) > size else None
        rows = [*(others if before is None else ()), *map(shape, found[:size])]
        return respond(message, rows, meta={"next": more, "previous": None, "perPage": size})
    page = query_int("page", 1, 1_000_000)
    found = store.listed(kind, limit=size, offset=(page - 1) * size, newest=True, **narrow)
    total = store.count(kind, **narrow)
    meta: dict[str, Any] = {
        "total": total,
        "skipped": (page - 1) * size,
        "perPage": str(size) if as_text else size,
        "page": page,
        "pageCount": -(-total // size),
    }
    if as_text and found:
        meta["failedRefundCount"] = 0
    return respond(message, [*(others if page == 1 else ()), *map(shape, found)], meta=meta)
