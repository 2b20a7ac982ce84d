"""Every page of the menu in a real Chromium, as each role: nothing in its console, no failed request, no CSP report."""

from collections.abc import Callable
from typing import Any

import pytest

from webapp.domain.permissions import ROLES

Someone = Callable[..., Any]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
FEWEST = 15
LEFT_BEHIND = "net::ERR_ABORTED"
"""A live part was being asked for when the reader went on."""


def watched(page: Any) -> list[str]:
    """What goes wrong on this page from now on."""
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(f"{page.url} says {said.text}") if said.type == "error" else None)
    page.on("response", lambda got: wrong.append(f"{got.status} {got.url}") if got.status >= 400 else None)
    page.on(
        "requestfailed", lambda asked: None if asked.failure == LEFT_BEHIND else wrong.append(f"failed {asked.url}")
    )
    return wrong


@pytest.mark.parametrize("role", list(ROLES))
def test_every_page_of_the_menu_is_clean(someone: Someone, role: str) -> None:
    page = someone(role)
    wrong = watched(page)
    places = page.locator("nav.side-wide a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert len(places) >= FEWEST
    for place in places:
        page.goto(place)
        page.wait_for_selector("h1")
    assert wrong == []


def test_a_page_one_level_down_is_reached_by_keys(someone: Someone) -> None:
    page = someone("viewer")
    group = page.locator("nav.side-wide summary").last
    link = group.locator("xpath=..").locator("a").last
    assert not link.is_visible()
    group.focus()
    page.keyboard.press("Enter")
    place = link.get_attribute("href")
    while page.evaluate("document.activeElement.getAttribute('href')") != place:
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{place}")
    assert page.locator("nav.side-wide details[open] a[aria-current=page]").get_attribute("href") == place
