"""What both versions of Flutterwave's interface share: amounts in major units, errors, lists in pages."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from webapp import clock
from webapp.domain.instants import parse_instant
from webapp.domain.money import to_major
from webapp.domain.provider_words import Fate, GivenBack, RefundRow, Seen
from webapp.providers.answers import Answer
from webapp.providers.calls import Caller
from webapp.providers.failures import Unknown
from webapp.providers.needs import ListedRefund

NAME = "flutterwave"
_MOST_PAGES = 50
LISTED_PAGES = 5_000
"""How many pages of payments a comparison looks through."""


def major(amount: int, currency: str) -> int | float:
    """Minor units as the JSON number of major units; the shortest text of the float is the exact amount."""
    found = to_major(amount, currency)
    return int(found) if found == found.to_integral_value() else float(found)


def succeeded(body: Any) -> Answer:
    """An answer about a call that went well, as `flutterwave_answers` has judged it."""
    return Answer(NAME, body)


def pages(caller: Caller, path: str, *, most: int = _MOST_PAGES, **asked: Any) -> Iterator[Answer]:
    """Every row of a list. Raises Unknown when it has more pages than can be looked through."""
    for page in range(1, most + 1):
        answer = succeeded(caller.get(path, page=page, **asked))
        rows = answer.parts("data")
        yield from rows
        if not rows or page >= _last_page(answer, page):
            return
    raise Unknown(f"Flutterwave's list at {path} is too long to be looked through.")


def successes(
    rows: Iterator[Answer], seen: Callable[[Answer], Seen], since: datetime, until: datetime, *, made: str
) -> Iterator[Seen]:
    """The successful payments of a time out of a list, newest first; `made` names when a row was. It ends at the first
    older row, so that nothing has to be known of how the list is narrowed.
    """
    for row in rows:
        at = _instant(row.text(made))
        if at < since:
            return
        found = seen(row)
        if at < until and found.fate == Fate.SUCCEEDED:
            yield found


def with_refunds(paid: Seen, refunds: Iterable[RefundRow]) -> Seen:
    """The payment with what went back of it: every refund that was not refused."""
    back = [GivenBack(each.amount) for each in refunds if each.fate != Fate.FAILED]
    return replace(paid, given_back=tuple(back))


def first_major(row: Answer, names: Sequence[str], currency: str) -> int:
    """An amount under the first of its names that is there, in minor units."""
    name = next((each for each in names if row.body.get(each) is not None), names[0])
    return row.major(name, currency)


def refund_row(row: Answer, fate: Fate, amount: int, currency: str, *, made: str) -> RefundRow:
    """A row of a list of refunds; `made` names when it was."""
    at = row.maybe(made)
    return RefundRow(row.text("id"), fate, amount, currency, _instant(at) if at else None, row.text("status"))


def given(row: RefundRow, reference: str) -> Seen:
    """What a row says of the refund of a payment."""
    return Seen(reference, row.fate, row.amount, row.currency, row.provider_id, row.said)


def listed_refund(row: Answer, payment: str, amounts: Sequence[str], fate: Fate) -> ListedRefund:
    """A row of a list of refunds, whose amount is in major units of a currency that only the payment knows."""
    amount = next((str(row.body[each]) for each in amounts if row.body.get(each) is not None), "")
    return ListedRefund(payment, "", "", fate, amount)


def window(since: datetime, until: datetime) -> dict[str, str]:
    """A time, as lists are narrowed to it."""
    return {"from": clock.iso(since), "to": clock.iso(until)}


def _instant(text: str) -> datetime:
    try:
        return parse_instant(text)
    except ValueError:
        raise Unknown(f"{NAME} answered with the instant {text[:30]!r}.") from None


def _last_page(answer: Answer, page: int) -> int:
    """v4 tells the number of pages in `meta.page_info`, as v3 does; without it the next page is asked for."""
    meta = answer.body.get("meta")
    info = meta.get("page_info") if isinstance(meta, dict) else None
    total = info.get("total_pages") if isinstance(info, dict) else None
    return total if isinstance(total, int) else page + 1
