"""When what goes out is tried again, and what refuses a delivery."""

from datetime import timedelta

import pytest

from webapp.domain.outbox.delivery_rules import is_last, is_refusal, names_an_event, wait_before
from webapp.domain.outbox.notify_urls import dialled, dialling, name_of, takes_phone
from webapp.domain.states import Channel


@pytest.fixture
def longest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chance at its most."""
    monkeypatch.setattr("webapp.domain.outbox.delivery_rules.random.random", lambda: 1.0)
    monkeypatch.setattr("webapp.domain.outbox.delivery_rules.random.uniform", lambda least, most: most)


@pytest.mark.usefixtures("longest")
@pytest.mark.parametrize(
    ("channel", "attempt", "seconds"),
    [
        (Channel.WEBHOOK, 1, 10),
        (Channel.WEBHOOK, 2, 20),
        (Channel.WEBHOOK, 3, 20),
        (Channel.EMAIL, 1, 30),
        (Channel.EMAIL, 2, 90),
        (Channel.EMAIL, 3, 270),
        (Channel.SMS, 8, 65_610),
        (Channel.CHAT, 9, 72_000),
        (Channel.CHAT, 10_000, 72_000),
    ],
)
def test_the_pause_grows_up_to_a_bound(channel: Channel, attempt: int, seconds: int) -> None:
    assert wait_before(channel, attempt) == timedelta(seconds=seconds)


def test_chance_spreads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, float]] = []

    def uniform(least: float, most: float) -> float:
        asked.append((least, most))
        return 0.5

    monkeypatch.setattr("webapp.domain.outbox.delivery_rules.random.random", lambda: 0.25)
    monkeypatch.setattr("webapp.domain.outbox.delivery_rules.random.uniform", uniform)
    assert wait_before(Channel.EMAIL, 1) == timedelta(seconds=7.5)
    assert wait_before(Channel.WEBHOOK, 2) == timedelta(seconds=10)
    assert asked == [(0.5, 1.0)]


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        *[(None, False), (200, False), (399, False), (400, True), (401, False), (404, False)],
        *[(422, True), (429, False), (499, True), (500, False), (503, False)],
    ],
)
def test_an_answer_refuses_the_delivery_when_another_might_be_taken(status: int | None, refused: bool) -> None:
    assert is_refusal(status) == refused


@pytest.mark.parametrize(
    ("channel", "attempts", "status", "last"),
    [
        (Channel.WEBHOOK, 15, 400, True),
        (Channel.WEBHOOK, 14, 400, False),
        (Channel.WEBHOOK, 15, 500, False),
        (Channel.WEBHOOK, 1_000, None, False),
        (Channel.EMAIL, 9, None, False),
        (Channel.EMAIL, 10, None, True),
        (Channel.SMS, 8, 500, True),
        ("pigeon", 7, None, False),
        ("pigeon", 8, None, True),
    ],
)
def test_which_attempt_is_the_last(channel: str, attempts: int, status: int | None, last: bool) -> None:
    assert is_last(channel, attempts, status) == last


@pytest.mark.parametrize(
    ("word", "asks"),
    [
        ("*", True),
        ("escrow.*", True),
        ("escrow.released", True),
        ("escrow", False),
        ("payout.*", False),
        ("escr.*", False),
    ],
)
def test_which_events_an_endpoint_asks_for(word: str, asks: bool) -> None:
    assert names_an_event(word, ["order.created", "escrow.released"]) == asks
    assert not names_an_event("escrow.*", [])


def test_an_address_with_secrets_is_named_by_its_service_and_a_digest() -> None:
    assert name_of("slack://token:a/b") == "slack-6d73bdb4"
    assert name_of("slack://token:a/b") != name_of("slack://token:a/c")


def test_a_number_is_put_where_the_telephone_is_named() -> None:
    assert takes_phone("twilio://a/{phone}")
    assert takes_phone("twilio://a/%7Bphone%7D")
    assert not takes_phone("twilio://a/b")
    assert dialling("twilio://{phone}/%7Bphone%7D", "+234 80") == "twilio://%2B234%2080/%2B234%2080"


@pytest.mark.parametrize(
    ("phone", "number"),
    [("123456", "123456"), ("12345", None), (" +234 (80) 12", "+2348012"), ("1" * 15, "1" * 15), ("1" * 16, None)],
)
def test_a_number_has_six_to_fifteen_digits(phone: str, number: str | None) -> None:
    assert dialled(phone) == number
