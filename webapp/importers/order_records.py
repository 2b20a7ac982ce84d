"""One line of a file of orders, from text to the values that are stored."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from webapp.importers import order_fields
from webapp.importers.csv_records import RowError
from webapp.importers.layout import Layout

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Defaults(NamedTuple):
    """What the desk fills in where a line says nothing. Days, and basis points of the amount."""

    now: datetime
    release_days: int
    buffer_days: int
    fee_basis_points: int


class OrderRecord(NamedTuple):
    """The values of one good line. Amounts in minor units, times as stored text; `given` names optional columns."""

    line: int
    ref: str
    buyer: str
    seller: str
    amount: int
    currency: str
    fee: int
    policy: str
    created_at: str
    paid_at: str | None
    completed_at: str | None
    release_at: str | None
    tenant: str | None
    given: str


def read(number: int, text: str, layout: Layout, defaults: Defaults) -> OrderRecord:
    """The values of a line. Raises RowError with everything that is wrong with it."""
    fields = layout.fields(text)
    try:
        return _values(number, fields, defaults)
    except RowError:
        raise RowError("; ".join(_all_problems(fields, defaults))) from None


def reference_of(text: str, layout: Layout) -> str | None:
    """The order's reference on a line that is bad otherwise, if it can be told."""
    try:
        return layout.fields(text)[0] or None
    except RowError:
        return None


def _values(number: int, fields: tuple[str, ...], defaults: Defaults) -> OrderRecord:
    ref, buyer, seller, amount, currency, how, created, paid, completed, release, fee, tenant = fields
    created_at = order_fields.instant(created, "created_at")
    paid_at = order_fields.instant(paid, "paid_at")
    completed_at = order_fields.instant(completed, "completed_at")
    release_at = order_fields.instant(release, "release_at")
    _require_order(created_at, paid_at, completed_at, release_at, defaults.now)
    policy = order_fields.policy(how)
    began = created_at or paid_at or defaults.now
    if release_at is None:
        release_at = order_fields.release_at(policy, began, completed_at, defaults.release_days, defaults.buffer_days)
    minor = _amount(amount, currency)
    return OrderRecord(
        number,
        order_fields.reference(ref, "order_ref"),
        *_parties(buyer, seller),
        minor,
        currency,
        _fee(fee, currency, minor, defaults),
        policy,
        order_fields.stored(began) or "",
        order_fields.stored(paid_at),
        order_fields.stored(completed_at),
        order_fields.stored(release_at),
        order_fields.tenant(tenant),
        _given(how, created, fee, release),
    )


def _require_order(
    created: datetime | None,
    paid: datetime | None,
    completed: datetime | None,
    release: datetime | None,
    now: datetime,
) -> None:
    """What has happened has happened by now, and in the order in which it can."""
    wrong = [
        f"{name} is in the future"
        for name, at in (("created_at", created), ("paid_at", paid), ("completed_at", completed))
        if at is not None and at > now
    ]
    if completed is not None and paid is None:
        wrong.append("completed_at is there without paid_at: what nobody paid for can't be completed")
    if created is not None:
        wrong += [
            f"{name} is before created_at"
            for name, at in (("paid_at", paid), ("completed_at", completed), ("release_at", release))
            if at is not None and at < created
        ]
    if wrong:
        raise RowError("; ".join(wrong))


def _given(how: str, created: str, fee: str, release: str) -> str:
    return ("p" if how else "") + ("c" if created else "") + ("f" if fee else "") + ("r" if release else "")


def _parties(buyer: str, seller: str) -> tuple[str, str]:
    pair = order_fields.reference(buyer, "buyer_ref"), order_fields.reference(seller, "seller_ref")
    if buyer == seller:
        raise RowError(f"buyer_ref and seller_ref are both {buyer!r}")
    return pair


def _amount(text: str, currency: str) -> int:
    found = order_fields.minor(text, currency, "amount")
    if not found:
        raise RowError("amount is zero")
    return found


def _fee(text: str, currency: str, amount: int, defaults: Defaults) -> int:
    if not text:
        return amount * defaults.fee_basis_points // 10_000
    fee = order_fields.minor(text, currency, "fee")
    if fee > amount:
        raise RowError(f"fee {text!r} is more than the amount")
    return fee


def _all_problems(fields: tuple[str, ...], defaults: Defaults) -> list[str]:
    ref, buyer, seller, amount, currency, how, *times, fee, tenant = fields
    checks: list[Callable[[], Any]] = [
        lambda: order_fields.reference(ref, "order_ref"),
        lambda: _parties(buyer, seller),
        lambda: _amount(amount, currency),
        lambda: order_fields.policy(how),
        *(
            _time_check(text, name)
            for text, name in zip(times, ("created_at", "paid_at", "completed_at", "release_at"), strict=True)
        ),
        lambda: _order_check(times, defaults.now),
        lambda: _fee_check(fee, amount, currency),
        lambda: order_fields.tenant(tenant),
    ]
    return list(filter(None, map(_problem, checks)))


def _time_check(text: str, name: str) -> Callable[[], Any]:
    return lambda: order_fields.instant(text, name)


def _order_check(times: list[str], now: datetime) -> None:
    """Only what is wrong with the order of the times: one that can't be read is said already."""
    try:
        created, paid, completed, release = (order_fields.instant(text, "") for text in times)
    except RowError:
        return
    _require_order(created, paid, completed, release, now)


def _fee_check(fee: str, amount: str, currency: str) -> None:
    """Only what is wrong with the fee itself: a bad amount or currency is said already."""
    try:
        whole = _amount(amount, currency)
    except RowError:
        return
    _fee(fee, currency, whole, Defaults(_NEVER, 0, 0, 0))


def _problem(check: Callable[[], Any]) -> str | None:
    try:
        check()
    except RowError as bad:
        return str(bad)
    return None
