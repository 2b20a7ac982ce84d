"""What is waiting to go out: taken under a lease, the oldest of each lane first, and settled when it is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, or_, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from webapp.domain.outbox import delivery_rules
from webapp.domain.states import Channel, DeliveryStatus
from webapp.models import Delivery, WebhookEndpoint
from webapp.providers.messaging.smtp import Attachment
from webapp.services.notifications import attachments
from webapp.services.webhooks import endpoint_health
from webapp.sql import begins, given_rows, one_of

WAITING = Delivery.status == literal_column("'waiting'")
"""Written out, so that SQLite sees that the partial indexes fit."""
_LONGEST_ERROR = 500
_MOST_IN_A_ROW = 500
"""Events of one lane that are taken together where they go in batches."""


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """One delivery in the hands of the process that sends it. `attempt` fences out who had it before."""

    id: int
    attempt: int
    channel: str
    kind: str
    message_id: str
    lane: str
    endpoint_id: int | None
    url: str | None
    secrets_encrypted: tuple[str, ...]
    """Under which a webhook is signed, the present one first."""
    recipient: str
    title: str
    body: str
    attachments: tuple[Attachment, ...] = ()
    batch_size: int = 1
    """How many of its endpoint's events one call may have."""
    calls_per_minute: int | None = None
    """How often its endpoint may be called; None as often as all webhooks together may."""


@dataclass(frozen=True, slots=True)
class Sent:
    """It arrived."""

    status: int | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """It did not arrive, or may not have. `for_good`: trying again would change nothing. `gone`: the endpoint is."""

    sentence: str
    status: int | None = None
    retry_after: float | None = None
    for_good: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class NotTried:
    """There was no turn for it: it waits on, for at least so many seconds, and this was no attempt."""

    seconds: float = 1.0


Result = Sent | Failed | NotTried


@dataclass(frozen=True, slots=True)
class Lanes:
    """Lanes whose names begin like this, or all the others.

    A lane is what has to go out in order (one endpoint, one recipient): one process has it in hand at a time, and what
    comes after one that failed waits behind it. Lanes do not wait for each other.
    """

    prefix: str
    others: bool = False

    def contain(self, lane: Any) -> ColumnElement[bool]:
        """Whether a lane is one of these."""
        inside = begins(lane, self.prefix)
        return ~inside if self.others else inside


EMAILS, REST, ALERTS = Lanes("email-"), Lanes("email-", others=True), Lanes("alert-")
EVERY = Lanes("")


@cache
def next_per_lane(lanes_of: Lanes) -> Select[Any]:
    """The oldest waiting delivery of each lane: hops from lane to lane, however many wait in each.

    Built once: each minute asks, mostly for nothing, and building it takes longer than asking.
    """
    row = aliased(Delivery)
    waits = (row.status == literal_column("'waiting'")) & lanes_of.contain(row.lane)
    lanes = select(func.min(row.lane).label("lane")).where(waits).cte("lanes", recursive=True)
    following = select(func.min(row.lane)).where(waits, row.lane > lanes.c.lane).correlate(lanes).scalar_subquery()
    lanes = lanes.union_all(select(following).where(lanes.c.lane.is_not(None)))
    oldest = select(func.min(row.id)).where(waits, row.lane == lanes.c.lane).correlate(lanes).scalar_subquery()
    return select(oldest).where(lanes.c.lane.is_not(None))


def due(at: datetime, lanes: Lanes = EVERY) -> Select[Any]:
    """What may be sent now, the longest waiting first."""
    return select(Delivery.id).where(Delivery.id.in_(next_per_lane(lanes)), *_free(at)).order_by(Delivery.next_try_at)


def claim(
    session: Session, at: datetime, lease: timedelta, limit: int, lanes: Lanes = EVERY, *, in_a_row: int = 1
) -> list[ClaimedDelivery]:
    """Take what is due from up to so many lanes, of webhooks up to `in_a_row` calls each, in order.

    Who took them has until the lease ends; after that anyone takes them.
    """
    ids = list(session.scalars(due(at, lanes).limit(limit).with_for_update(skip_locked=True, of=Delivery)))
    if not ids:
        return []
    if in_a_row > 1:
        ids += _following(session, ids, at, in_a_row)
    taken = session.scalars(
        update(Delivery)
        .where(one_of(session, Delivery.id, ids), *_free(at))
        .values(lease_until=at + lease, attempts=Delivery.attempts + 1)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    rows = select(Delivery, WebhookEndpoint).outerjoin(WebhookEndpoint, WebhookEndpoint.id == Delivery.endpoint_id)
    mine = rows.where(one_of(session, Delivery.id, taken)).order_by(Delivery.id)
    found = session.execute(mine.execution_options(populate_existing=True)).all()
    attached = attachments.of_deliveries(session, [delivery for delivery, _endpoint in found])
    return [_claimed(*row, attached.get(row[0].id, ()), at) for row in found]


def settle(session: Session, results: Sequence[tuple[ClaimedDelivery, Result]], at: datetime) -> int:
    """Write down how each ended; what another process took over meanwhile is left to it. Returns how many arrived."""
    arrived: dict[int | None, list[ClaimedDelivery]] = {}
    others: dict[int, list[tuple[ClaimedDelivery, Failed | NotTried]]] = {}
    for delivery, result in sorted(results, key=lambda pair: pair[0].id):
        if isinstance(result, Sent):
            arrived.setdefault(result.status, []).append(delivery)
        else:
            others.setdefault(delivery.endpoint_id or 0, []).append((delivery, result))
    endpoints = [each for status, some in arrived.items() for each in _arrived(session, some, status, at)]
    # Endpoints in one order, whoever settles: what arrived came before what failed.
    for endpoint_id in sorted({*endpoints, *others}):
        if endpoint_id and endpoint_id in endpoints:
            endpoint_health.record_success(session, endpoint_id)
        for delivery, result in others.get(endpoint_id, ()):
            _settle(session, delivery, result, at)
    return len(endpoints)


def is_over(delivery: ClaimedDelivery, result: Failed) -> bool:
    """Whether a delivery that failed is dead now: refused for good, or out of attempts."""
    return result.for_good or (
        delivery_rules.is_last(delivery.channel, delivery.attempt, result.status) and not result.gone
    )


def _following(session: Session, firsts: Sequence[int], at: datetime, in_a_row: int) -> list[int]:
    """What comes right after the first of each webhook lane, as far as nothing in between has to wait."""
    which = (one_of(session, Delivery.id, firsts), Delivery.channel == Channel.WEBHOOK)
    found: list[int] = []
    lanes = select(Delivery.id, Delivery.lane, WebhookEndpoint.batch_size).join(WebhookEndpoint)
    for first, lane, batch in session.execute(lanes.where(*which)).all():
        later = select(Delivery.id, Delivery.next_try_at, Delivery.lease_until)
        many = min(in_a_row * batch, max(in_a_row, _MOST_IN_A_ROW)) - 1
        rows = later.where(WAITING, Delivery.lane == lane, Delivery.id > first).order_by(Delivery.id).limit(many)
        # Those that a killed process had in hand come back together once their lease is over.
        ready = takewhile(lambda row: row.next_try_at <= at and _is_free(row.lease_until, at), session.execute(rows))
        found += [row.id for row in ready]
    return found


def _is_free(lease_until: datetime | None, at: datetime) -> bool:
    return lease_until is None or lease_until <= at


def _free(at: datetime) -> tuple[ColumnElement[bool], ...]:
    paused = select(WebhookEndpoint.id).where(
        or_(WebhookEndpoint.paused_at.is_not(None), WebhookEndpoint.removed_at.is_not(None))
    )
    return (
        WAITING,
        Delivery.next_try_at <= at,
        or_(Delivery.lease_until.is_(None), Delivery.lease_until <= at),
        or_(Delivery.endpoint_id.is_(None), Delivery.endpoint_id.not_in(paused)),
    )


def _secrets(endpoint: WebhookEndpoint, at: datetime) -> tuple[str, ...]:
    former, until = endpoint.former_secret_encrypted, endpoint.former_secret_until
    overlaps = former is not None and until is not None and at < until
    return (endpoint.secret_encrypted, former) if overlaps and former else (endpoint.secret_encrypted,)


def _claimed(
    row: Delivery, endpoint: WebhookEndpoint | None, attached: tuple[Attachment, ...], at: datetime
) -> ClaimedDelivery:
    return ClaimedDelivery(
        row.id,
        row.attempts,
        row.channel,
        row.kind,
        f"evt_{row.event_id}" if row.event_id else f"dlv_{row.id}",
        row.lane,
        row.endpoint_id,
        endpoint.url if endpoint else None,
        _secrets(endpoint, at) if endpoint else (),
        row.recipient or "",
        row.title or "",
        row.body,
        attached,
        endpoint.batch_size if endpoint else 1,
        endpoint.calls_per_minute if endpoint else None,
    )


def _arrived(session: Session, some: Sequence[ClaimedDelivery], status: int | None, at: datetime) -> list[int]:
    """Those that arrived, by one statement: thousands in a second. Returns the endpoint of each, or 0."""
    mine = given_rows(session, Delivery, [{"id": each.id, "attempts": each.attempt} for each in some])
    known = select(*mine.values())
    changed = session.scalars(
        update(Delivery)
        .where(tuple_(Delivery.id, Delivery.attempts).in_(known), Delivery.lease_until.is_not(None), WAITING)
        .values(
            lease_until=None,
            last_error=None,
            status=DeliveryStatus.DELIVERED,
            delivered_at=at,
            response_status=status,
        )
        .returning(Delivery.endpoint_id)
        .execution_options(synchronize_session=False)
    ).all()
    return [endpoint_id or 0 for endpoint_id in changed]


def _settle(session: Session, delivery: ClaimedDelivery, result: Failed | NotTried, at: datetime) -> None:
    # What had no turn counts down again, so the number alone could be that of an earlier claim.
    mine = (Delivery.id == delivery.id, Delivery.attempts == delivery.attempt, Delivery.lease_until.is_not(None))
    changed = session.scalars(
        update(Delivery)
        .where(*mine, WAITING)
        .values(**_values(delivery, result, at))
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if changed is not None and isinstance(result, Failed) and delivery.endpoint_id is not None:
        endpoint_health.record_failure(session, delivery.endpoint_id, result.sentence, at, gone=result.gone)


def _values(delivery: ClaimedDelivery, result: Failed | NotTried, at: datetime) -> dict[str, Any]:
    if isinstance(result, Failed):
        return _failed(delivery, result, at)
    return {
        "lease_until": None,
        "attempts": delivery.attempt - 1,
        "next_try_at": at + timedelta(seconds=result.seconds),
    }


def _failed(delivery: ClaimedDelivery, result: Failed, at: datetime) -> dict[str, Any]:
    failed = {"lease_until": None, "last_error": result.sentence[:_LONGEST_ERROR], "response_status": result.status}
    if is_over(delivery, result):
        return failed | {"status": DeliveryStatus.DEAD}
    wait = delivery_rules.wait_before(delivery.channel, delivery.attempt)
    return failed | {"next_try_at": at + max(wait, timedelta(seconds=result.retry_after or 0))}
