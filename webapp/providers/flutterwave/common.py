"""What both versions of Flutterwave's interface share: amounts in major units, lists in pages, several transactions
under one reference.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from webapp import clock
from webapp.domain.money.money import to_major
from webapp.domain.providers.provider_results import (
    ProviderResponse,
    ProviderStatus,
    RefundRow,
    ReturnedAmount,
    SkippedRow,
)
from webapp.providers.http.client import HttpClient
from webapp.providers.http.errors import CallFailed, NotAnswered, Unknown
from webapp.providers.http.response_reader import ResponseObject
from webapp.providers.protocols import ListedRefund

NAME = "flutterwave"
LISTED_PAGES = 5_000
"""How many pages a comparison or the search for a refund looks through."""
_NOT_THERE = ("1110404",)
_NOT_THERE_MESSAGES = ("no transaction was found", "transaction not found")
_RANK = (ProviderStatus.SUCCEEDED, ProviderStatus.PENDING, ProviderStatus.FAILED)
"""Of several things under one reference the one that went through counts."""


@dataclass(frozen=True, slots=True)
class HostedPages:
    """How long each hosted page may be paid at, in minutes, and how often a payer may try again there."""

    minutes: int
    attempts: int


def major(amount: int, currency: str) -> int | float:
    """Minor units as the JSON number of major units; the shortest text of the float is the exact amount."""
    found = to_major(amount, currency)
    return int(found) if found == found.to_integral_value() else float(found)


def idempotency_key(text: str) -> str:
    """A key as Flutterwave takes it, 12 to 255 letters and digits: the same for the same text."""
    return hashlib.sha256(text.encode()).hexdigest()


def answered(body: Any) -> ResponseObject:
    """An answer about a call that went well, as `known_answers` has classified it."""
    return ResponseObject(NAME, body)


def is_absent(failure: CallFailed) -> bool:
    """Whether the answer says that what was asked about is not there."""
    message = failure.sentence.lower()
    found = failure.code in _NOT_THERE or any(each in message for each in _NOT_THERE_MESSAGES)
    return isinstance(failure, NotAnswered) and (found or failure.status == 404)


def pages(client: HttpClient, path: str, *, most: int = LISTED_PAGES, **params: Any) -> Iterator[ResponseObject]:
    """Every row of a list. Raises Unknown when it has more pages than can be looked through."""
    for page in range(1, most + 1):
        answer = answered(client.get(path, page=page, **params))
        rows = answer.parts("data")
        yield from rows
        if not rows or page >= _last_page(answer, page):
            return
    raise Unknown(f"Flutterwave's list at {path} is too long to be looked through.")


def successes(
    rows: Iterator[ResponseObject],
    seen: Callable[[ResponseObject], ProviderResponse],
    since: datetime,
    until: datetime,
    *,
    made: str,
) -> Iterator[ProviderResponse | SkippedRow]:
    """The successful payments of a time out of a list, newest first; `made` names when a row was. It ends at the first
    older row, so that nothing has to be known of how the list is narrowed. Rows that can't be read are skipped.
    """
    for row in rows:
        at = row.maybe_instant(made)
        if at is not None and at < since:
            return
        try:
            found = seen(row)
        except Unknown as problem:
            yield SkippedRow(problem.sentence)
            continue
        if (at is None or at < until) and found.status == ProviderStatus.SUCCEEDED:
            yield found


def foremost(found: Sequence[ProviderResponse], reference: str) -> ProviderResponse:
    """What became of a reference by its transactions, oldest first: the first success, with the further ones beside it;
    else the one that may still succeed.
    """
    known: dict[str | None, ProviderResponse] = {}
    for each in found:
        known.setdefault(each.provider_id, each)
    won = [each for each in known.values() if each.status == ProviderStatus.SUCCEEDED]
    if won:
        return replace(won[0], others=tuple(won[1:]))
    return min(
        known.values(),
        key=lambda seen: _RANK.index(seen.status),
        default=ProviderResponse(reference, ProviderStatus.ABSENT),
    )


def with_refunds(
    paid: ProviderResponse, refunds: Callable[[ProviderResponse], Iterable[RefundRow]]
) -> ProviderResponse:
    """The payment with what went back of it, and of each transaction beside it: every refund that was not refused."""
    if paid.status != ProviderStatus.SUCCEEDED or paid.provider_id is None or paid.currency is None:
        return paid
    back = [ReturnedAmount(each.amount) for each in refunds(paid) if each.status != ProviderStatus.FAILED]
    others = tuple(with_refunds(each, refunds) for each in paid.others)
    return replace(paid, given_back=tuple(back), others=others)


def refund_amount(row: ResponseObject, names: Sequence[str], currency: str) -> int:
    """An amount under the first of its names that is there, in minor units."""
    name = next((each for each in names if row.body.get(each) is not None), names[0])
    return row.major(name, currency)


def refund_row(row: ResponseObject, status: ProviderStatus, amount: int, currency: str, *, made: str) -> RefundRow:
    """A row of a list of refunds; `made` names when it was."""
    provider_status = row.text("status")
    at = row.maybe_instant(made)
    return RefundRow(
        row.text("id"), status, amount, currency, at, provider_status, needs_person=provider_status == "requires_action"
    )


def given(row: RefundRow, reference: str) -> ProviderResponse:
    """What a row says of the refund of a payment."""
    person = row.needs_person
    return ProviderResponse(
        reference, row.status, row.amount, row.currency, row.provider_id, row.message, needs_person=person
    )


def listed_refund(row: ResponseObject, payment: str, amounts: Sequence[str], status: ProviderStatus) -> ListedRefund:
    """A row of a list of refunds, whose amount is in major units of a currency that only the payment knows."""
    amount = next((str(row.body[each]) for each in amounts if row.body.get(each) is not None), "")
    return ListedRefund(payment, "", "", status, amount)


def window(since: datetime, until: datetime) -> dict[str, Any]:
    """A time, as lists are narrowed to it."""
    return {"from": clock.iso(since), "to": clock.iso(until)}


def _last_page(answer: ResponseObject, page: int) -> int:
    """Both versions tell the number of pages in `meta.page_info`; without it the next page is asked for."""
    meta = answer.body.get("meta")
    info = meta.get("page_info") if isinstance(meta, dict) else None
    total = info.get("total_pages") if isinstance(info, dict) else None
    return total if isinstance(total, int) else page + 1
