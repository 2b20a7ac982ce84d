"""Paystack's lists: read until they say that they are over, whatever is in them."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from webapp.domain.providers.provider_results import SkippedRow
from webapp.providers.http.client import HttpClient
from webapp.providers.http.errors import Unknown
from webapp.providers.http.response_reader import ResponseObject

_PAGE = 100
Row = TypeVar("Row")


def rows(client: HttpClient, name: str, path: str, **params: Any) -> Iterator[ResponseObject]:
    """Every row of a list, over all of its pages. A page may be shorter than asked; where no number of pages is told,
    the next one is asked for until one brings nothing new.
    """
    place: dict[str, Any] = {"page": 1}
    before: set[str] = set()
    while True:
        answer = ResponseObject(name, client.get(path, **params, perPage=_PAGE, **place))
        found = answer.parts("data")
        ids = {row.maybe("id") for row in found}
        if not found or (before and ids <= before):
            return
        yield from found
        following = _following(answer, place, len(found))
        if following is None:
            return
        place, before = following, ids


def readable(found: Iterator[ResponseObject], read: Callable[[ResponseObject], Row]) -> Iterator[Row | SkippedRow]:
    """Each row as it is read; one of another product, or that can't be read, is skipped and ends nothing."""
    for row in found:
        try:
            yield read(row)
        except Unknown as failure:
            yield SkippedRow(failure.sentence)


def _following(answer: ResponseObject, place: dict[str, Any], count: int) -> dict[str, Any] | None:
    """Where the next page is; None when this was the last."""
    meta = answer.body.get("meta")
    paging: dict[str, Any] = meta if isinstance(meta, dict) else {}
    if isinstance(paging.get("next"), str) and paging["next"]:
        return {"use_cursor": "true", "next": paging["next"]}
    if "use_cursor" in place or "next" in paging:
        return None
    pages = _number(paging.get("pageCount"))
    if pages is None and count < _PAGE:
        return None
    page = int(place["page"])
    return {"page": page + 1} if pages is None or page < pages else None


def _number(found: Any) -> int | None:
    text = str(found) if isinstance(found, int | str) and not isinstance(found, bool) else ""
    return int(text) if text.isascii() and text.isdigit() else None
