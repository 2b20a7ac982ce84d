"""Pages with figures that are kept ready: they say how old these are, and show a reader what the reader just did."""

import re
from collections.abc import Callable
from datetime import timedelta

import fakeredis
import pytest
from flask.testing import FlaskClient

from tests.support.market import Market
from tests.support.people import send
from webapp import clock
from webapp.figure_cache import FigureCache
from webapp.runtime import Runtime


@pytest.fixture
def kept(desk: Runtime) -> fakeredis.FakeRedis:
    """A Redis for figures."""
    redis = fakeredis.FakeRedis()
    desk.__dict__["figure_cache"] = FigureCache(lambda _seconds: redis)
    return redis


def an_escrow(desk: Runtime) -> int:
    with desk.db.transaction() as session:
        return Market(session, desk, at=clock.now()).escrow(70_000).id


def tab(html: str, label: str) -> str:
    found = re.search(rf'>{label} <span class="count">([^<]*)</span>', html)
    assert found is not None
    return found[1]


@pytest.mark.usefixtures("kept")
def test_tabs_say_how_old_their_counts_are_and_count_anew_when_asked(
    desk: Runtime, sign_in: Callable[..., FlaskClient]
) -> None:
    an_escrow(desk)
    client = sign_in("viewer")
    first = client.get("/escrows/").text
    assert (tab(first, "Held"), tab(first, "Frozen")) == ("1", "0")
    assert "The tabs were counted" not in first
    an_escrow(desk)
    second = client.get("/escrows/").text
    assert tab(second, "Held") == "1"
    assert "The tabs were counted" in second
    anew = client.get("/escrows/?now=1").text
    assert tab(anew, "Held") == "2"
    assert "The tabs were counted" not in anew
    assert "now=1" not in re.sub(r'data-live="[^"]*"', "", anew), "the tabs lead to counts that are kept"
    assert tab(client.get("/escrows/").text, "Held") == "2"


@pytest.mark.usefixtures("kept")
def test_who_changed_something_sees_it_and_so_does_everybody_after(
    desk: Runtime, sign_in: Callable[..., FlaskClient]
) -> None:
    escrow = an_escrow(desk)
    agent, other = sign_in("agent"), sign_in("viewer")
    assert tab(agent.get("/escrows/").text, "Frozen") == "0"
    send(agent, f"/escrows/{escrow}/freeze", reason="The bank asks.")
    assert tab(other.get("/escrows/").text, "Frozen") == "0"
    assert tab(agent.get("/escrows/").text, "Frozen") == "1"
    assert tab(other.get("/escrows/").text, "Frozen") == "1"


@pytest.mark.usefixtures("kept")
def test_overview_says_how_old_its_sums_are(desk: Runtime, sign_in: Callable[..., FlaskClient]) -> None:
    an_escrow(desk)
    client = sign_in("viewer")
    assert "NGN\xa0700.00" in client.get("/").text
    an_escrow(desk)
    kept = client.get("/").text
    assert "NGN\xa0700.00" in kept
    assert "Added up" in kept
    anew = client.get("/?now=1").text
    assert "NGN\xa01,400.00" in anew
    assert "Added up" not in anew


def test_for_two_minutes_after_a_change_nothing_kept_is_shown(
    desk: Runtime, kept: fakeredis.FakeRedis, sign_in: Callable[..., FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    escrow, agent, real = an_escrow(desk), sign_in("agent"), clock.now
    send(agent, f"/escrows/{escrow}/freeze", reason="The bank asks.")
    agent.get("/escrows/")
    an_escrow(desk)
    assert tab(agent.get("/escrows/").text, "Held") == "2"
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(minutes=3))
    agent.get("/escrows/")
    an_escrow(desk)
    assert tab(agent.get("/escrows/").text, "Held") == "2"
    assert kept.keys("desk:figures:*")
