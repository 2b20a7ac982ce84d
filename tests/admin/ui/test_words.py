"""Money, time and states in words."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from webapp import clock
from webapp.admin.ui import badges, formatting, run_bars
from webapp.domain import states


@pytest.fixture(autouse=True)
def request_of(app: Flask) -> Iterator[None]:
    """A request of a stranger, who reads in UTC."""
    with app.test_request_context("/"):
        yield


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (250_000, "NGN", "NGN\xa02,500.00"),
        (250_000, "RWF", "RWF\xa0250,000"),
        (-1_234_567, "USD", "-USD\xa012,345.67"),
        (5, "KWD", "KWD\xa00.005"),
        (0, "KES", "KES\xa00.00"),
    ],
)
def test_money_carries_its_currency_and_its_decimals(amount: int, currency: str, text: str) -> None:
    assert formatting.money(amount, currency) == text


def test_no_money_is_a_dash() -> None:
    assert formatting.money(None, "USD") == "–"


def test_a_time_is_relative_in_text_and_exact_on_hover() -> None:
    shown = formatting.when(clock.now() - timedelta(hours=3))
    assert ">3 hours ago</time>" in shown
    assert 'datetime="' in shown
    assert " UTC" in shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-61, "1 minute ago"),
        (-59, "less than a minute ago"),
        (0, "less than a minute ago"),
        (1, "in less than a minute"),
        (59, "in less than a minute"),
        (61, "in 1 minute"),
    ],
)
def test_seconds_are_not_counted_in_a_relative_time(seconds: int, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    assert formatting.relative(now + timedelta(seconds=seconds)) == text


def test_an_exact_time_names_its_zone() -> None:
    assert formatting.exact(datetime(2026, 3, 1, 23, 0, tzinfo=UTC)) == "Sun 01 Mar 2026, 23:00:00 UTC"


def test_a_short_time_names_its_zone_and_a_day_has_no_hour() -> None:
    instant = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
    assert ">01 Mar 23:00 UTC</time>" in formatting.when(instant, "short")
    assert ">01 Mar 2026</time>" in formatting.when(instant, "date")
    assert formatting._SHAPES["short"](instant.astimezone(ZoneInfo("Asia/Manila"))) == "02 Mar 07:00 (Manila)"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.85, "850 ms"), (12.44, "12.4 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (None, "–")]
)
def test_a_duration_is_short(seconds: float | None, text: str) -> None:
    assert formatting.duration(seconds) == text


def test_every_state_has_a_look() -> None:
    kinds = [kind for name in vars(states) if (name.endswith("Status") and (kind := getattr(states, name)))]
    assert kinds
    assert [state for kind in kinds for state in kind if state.value not in badges.BADGES] == []


def test_a_badge_has_icon_and_word_and_is_escaped() -> None:
    assert "<use href=" in badges.badge("held")
    assert badges.badge("held").endswith("</svg>held</span>")
    assert "<b>" not in badges.badge("<b>")


def test_bars_say_in_a_sentence_what_they_draw() -> None:
    at = clock.now()
    runs = [
        SimpleNamespace(id=number, status=status, at=at, started_at=at, finished_at=at + timedelta(seconds=seconds))
        for number, (status, seconds) in enumerate((("succeeded", 1), ("succeeded", 2), ("failed", 4)), 1)
    ]
    drawn = run_bars.run_bars(runs, 60)
    nothing = run_bars.run_bars([], 60)
    assert drawn.count("The last 3 runs: 2 succeeded, 1 failed") == 1
    assert drawn.count("<circle") == 1
    assert 'href="/runs/3" tabindex="-1"><g class="bad"><title>failed' in drawn
    assert 'role="img"' not in drawn, "a picture may hold no links"
    assert (drawn.count("<a "), drawn.count("<path ")) == (1, 1), "what went well is one shape"
    assert f'"M0 30h{57 * 5}v-10h4v10h1v-15h4v15"' in drawn
    without = run_bars.run_bars(runs, 20, links=False)
    assert (without.count("<a "), without.count("<path "), without.count("<circle")) == (0, 2, 1)
    every = run_bars.run_bars(runs, 60, each=True)
    assert [every.count(f'href="/runs/{number}"') for number in (1, 2, 3)] == [1, 1, 1]
    assert f'x="{59 * 5}" y="4" width="4" height="26"' in drawn
    assert "No run yet" in nothing
