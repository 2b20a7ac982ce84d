"""Which of a payment's refunds at its provider is ours, where the provider knows no reference of ours: pure rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.domain.providers.provider_results import ProviderStatus, RefundRow

OWN_TIME = timedelta(hours=1)
"""How long after an attempt a provider may still come to show it. Only then does a list without it mean anything."""
SKEW = timedelta(minutes=2)
"""How far the provider's clock may be behind ours."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A refund of ours that is looked for."""

    amount: int
    currency: str
    first_sent_at: datetime | None
    """None when it was never sent: then none can be ours."""
    not_ours: frozenset[str] = frozenset()
    """Rows that are other refunds of ours, or of which a person said that they are somebody else's."""


def candidates(wanted: Wanted, rows: Sequence[RefundRow]) -> list[RefundRow]:
    """Every row that can be ours. Among several, those that failed are no longer in question: money that goes out, or
    went, is not to be sent again.
    """
    found = [row for row in _since_tried(wanted, rows) if _is_alike(wanted, row)]
    return [row for row in found if row.status != ProviderStatus.FAILED] or found[-1:]


def unexplained(wanted: Wanted, rows: Sequence[RefundRow]) -> list[RefundRow]:
    """Rows of another amount that came since ours was tried: made by hand, or ours given in part. Before it is sent
    again, a person has to say which.
    """
    others = (row for row in _since_tried(wanted, rows) if not _is_alike(wanted, row))
    return [row for row in others if row.status != ProviderStatus.FAILED]


def _since_tried(wanted: Wanted, rows: Sequence[RefundRow]) -> list[RefundRow]:
    if wanted.first_sent_at is None:
        return []
    since = wanted.first_sent_at - SKEW
    recent = (row for row in rows if row.created_at is None or row.created_at >= since)
    return [row for row in recent if row.provider_id not in wanted.not_ours and row.dispute is None]


def _is_alike(wanted: Wanted, row: RefundRow) -> bool:
    return (row.amount, row.currency) == (wanted.amount, wanted.currency)
