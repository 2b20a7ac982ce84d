"""Which of a payment's refunds at its provider can be ours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from webapp.domain.payments.refund_matching import SKEW, Wanted, candidates, unexplained
from webapp.domain.providers.provider_results import ProviderStatus, RefundRow

SENT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
WANTED = Wanted(4_000, "NGN", SENT, frozenset({"7"}))


def row(number: str = "1", status: ProviderStatus = ProviderStatus.SUCCEEDED, **more: Any) -> RefundRow:
    given: dict[str, Any] = {"amount": 4_000, "currency": "NGN", "created_at": SENT} | more
    return RefundRow(number, status, **given)


FAILED = row("2", ProviderStatus.FAILED)


@pytest.mark.parametrize(
    "ours",
    [row(), row(created_at=None), row(created_at=SENT - SKEW), row(status=ProviderStatus.PENDING)],
)
def test_what_is_alike_and_came_since_may_be_ours(ours: RefundRow) -> None:
    assert candidates(WANTED, [ours]) == [ours]
    assert unexplained(WANTED, [ours]) == []


@pytest.mark.parametrize(
    "other",
    [row("7"), row(dispute="D-1"), row(created_at=SENT - SKEW - timedelta(seconds=1))],
)
def test_what_was_there_before_or_is_known_is_nobodys_question(other: RefundRow) -> None:
    assert candidates(WANTED, [other]) == unexplained(WANTED, [replace(other, amount=1)]) == []


@pytest.mark.parametrize("other", [row(amount=3_999), row(currency="GHS")])
def test_another_amount_is_not_ours_and_has_to_be_explained(other: RefundRow) -> None:
    assert candidates(WANTED, [other]) == []
    assert unexplained(WANTED, [other]) == [other]
    assert unexplained(WANTED, [replace(other, status=ProviderStatus.FAILED)]) == []


def test_a_failed_one_is_ours_only_where_there_is_no_other() -> None:
    later = replace(FAILED, provider_id="3")
    assert candidates(WANTED, [FAILED, row()]) == candidates(WANTED, [row(), FAILED]) == [row()]
    assert candidates(WANTED, [row(), row("4")]) == [row(), row("4")]
    assert candidates(WANTED, [FAILED, later]) == [later]
    assert candidates(WANTED, [FAILED]) == [FAILED]
    assert candidates(WANTED, []) == []


def test_nothing_is_ours_before_it_was_sent() -> None:
    unsent = replace(WANTED, first_sent_at=None)
    assert candidates(unsent, [row(created_at=None)]) == unexplained(unsent, [row(amount=1)]) == []
