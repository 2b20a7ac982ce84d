"""Words that databases and receivers hold: states, policies, references, and how deliveries are tried again."""

from datetime import timedelta
from enum import StrEnum
from inspect import getmembers, isclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.bounded import PROPERTY
from webapp import jobs
from webapp.domain import escrow_policies, states
from webapp.domain.money.legs import movements
from webapp.domain.outbox import delivery_rules, notify_urls
from webapp.domain.outbox.event_types import EVENTS
from webapp.domain.references import escrow_ref, order_ref

ENUMS = [kind for _, kind in getmembers(states, isclass) if issubclass(kind, StrEnum) and kind is not StrEnum]
KEPT = {
    states.OrderStatus: "awaiting_payment in_progress completed declined cancelled",
    states.EscrowStatus: "pending_payment held released refunded split voided",
    states.AccountKind: "wallet pending escrow fees receivable clearing",
    states.TransferKind: "hold release refund split deposit credit repayment reversal pending_earning earning payout "
    "payout_return refund_return",
    states.PaymentStatus: "pending succeeded failed expired needs_review",
    states.RefundStatus: "waiting sending pending needs_review processed failed",
    states.PayoutStatus: "pending sending sent succeeded failed reversed cancelled",
    states.ScheduleStatus: "pending processing processed failed cancelled",
    states.RunStatus: "queued running succeeded partial failed lost missed skipped",
}


@pytest.mark.parametrize("kind", KEPT, ids=lambda kind: kind.__name__)
def test_words_that_databases_hold_are_kept(kind: type[StrEnum]) -> None:
    assert set(KEPT[kind].split()) <= set(kind)


@pytest.mark.parametrize("kind", ENUMS, ids=lambda kind: kind.__name__)
def test_a_word_fits_its_column(kind: type[StrEnum]) -> None:
    assert all(word.isidentifier() and word.islower() and len(word) <= 40 for word in kind)


def test_what_is_open_and_what_is_over_do_not_meet() -> None:
    assert states.DisputeStatus.EXPIRED not in states.CLOSED_DISPUTES
    assert not set(states.UNFINISHED_RUNS) & set(states.RUNS_THAT_COUNT)
    assert not {"failed", "lost", "missed"} & set(states.RUNS_THAT_COUNT)
    assert not {"succeeded", "failed", "reversed", "cancelled"} & set(states.UNSETTLED_PAYOUTS)


def test_every_policy_has_its_own_job_and_word() -> None:
    assert set(escrow_policies.JOBS) == set(escrow_policies.REASONS) == set(states.Policy)
    assert len(set(escrow_policies.JOBS.values())) == len(set(escrow_policies.REASONS.values())) == len(states.Policy)
    assert set(escrow_policies.JOBS.values()) <= set(jobs.registry())
    assert set(escrow_policies.AFTER_COMPLETION) == {states.Policy.COMPLETION, states.Policy.BUFFER}


@PROPERTY
@given(st.text("E-ab 1é", max_size=60))
def test_an_escrow_is_named_after_its_order(ref: str) -> None:
    assert escrow_ref(ref) == f"E-{ref}"
    assert order_ref(escrow_ref(ref)) == ref


@PROPERTY
@given(st.lists(st.integers(-(10**12), 10**12), max_size=8))
def test_movements_are_the_legs_again(amounts: list[int]) -> None:
    legs = dict(enumerate([*amounts, -sum(amounts)]))
    made = movements(legs)
    gets = dict.fromkeys(legs, 0)
    for source, destination, amount in made:
        assert amount > 0
        assert source != destination
        gets[source] -= amount
        gets[destination] += amount
    assert gets == legs
    assert len(made) <= max(0, sum(1 for amount in legs.values() if amount) - 1)


@pytest.mark.parametrize(
    ("attempt", "bound"),
    [
        (1, timedelta(seconds=30)),
        (2, timedelta(seconds=90)),
        (3, timedelta(seconds=270)),
        (8, timedelta(hours=18, minutes=13, seconds=30)),
        (9, timedelta(hours=20)),
        (1_000, timedelta(hours=20)),
    ],
)
def test_a_delivery_waits_by_chance_up_to_a_bound_that_grows(attempt: int, bound: timedelta) -> None:
    waits = [delivery_rules.wait_before("email", attempt) for _ in range(200)]
    assert all(timedelta(0) <= wait <= bound for wait in waits)
    assert max(waits) > bound / 2
    assert len(set(waits)) > 100


@pytest.mark.parametrize(("channel", "most"), [("webhook", 15), ("email", 10), ("sms", 8), ("chat", 8), ("fax", 8)])
def test_a_channel_has_its_number_of_attempts(channel: str, most: int) -> None:
    refused = 422
    assert not delivery_rules.is_last(channel, most - 1, refused)
    assert delivery_rules.is_last(channel, most, refused)


@pytest.mark.parametrize("status", [None, 401, 404, 429, 500, 503])
def test_a_webhook_whose_endpoint_is_unwell_is_tried_on(status: int | None) -> None:
    assert not delivery_rules.is_last("webhook", 1_000, status)


def test_an_endpoint_that_fails_is_probed_at_least_once_a_minute() -> None:
    waits = [delivery_rules.wait_before("webhook", attempt) for attempt in (1, 2, 5, 1_000)]
    assert all(timedelta(0) < wait <= timedelta(seconds=20) for wait in waits)


@pytest.mark.parametrize("word", ["*", "escrow.*", "escrow.released", "payout_schedule.failed", "party.*"])
def test_what_names_events(word: str) -> None:
    assert delivery_rules.names_an_event(word, EVENTS)


@pytest.mark.parametrize(
    "word",
    ["", "escrow", "escrow.", ".released", "*.released", "escrow.*.x", "escrow.opened", "house.*"],
)
def test_what_names_none(word: str) -> None:
    assert not delivery_rules.names_an_event(word, EVENTS)


@pytest.mark.parametrize(
    ("phone", "dialled"),
    [
        ("+254 700 000 001", "+254700000001"),
        (" +254-700-000-001", "+254700000001"),
        ("0700 000 001", "0700000001"),
        ("12345", None),
        ("123456", "123456"),
        ("1" * 15, "1" * 15),
        ("1" * 16, None),
        ("٠٧٠٠٠٠٠٠٠١", None),
        ("", None),
    ],
)
def test_a_telephone_number_is_digits(phone: str, dialled: str | None) -> None:
    assert notify_urls.dialled(phone) == dialled


def test_an_address_is_named_without_its_secrets() -> None:
    url = "slack://token-a/token-b/token-c"
    assert notify_urls.name_of(url).startswith("slack-")
    assert "token" not in notify_urls.name_of(url)
    assert notify_urls.name_of(url) != notify_urls.name_of(url + "x")
    assert notify_urls.takes_phone("twilio://sid:token@from/{phone}")
    assert notify_urls.dialling("sms://a/{phone}?to=%7Bphone%7D", "+254 7") == "sms://a/%2B254%207?to=%2B254%207"
    assert not notify_urls.takes_phone(url)
