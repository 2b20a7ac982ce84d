"""The work at a case in a real Chromium: taken from the queue, read, answered and decided."""

from collections.abc import Callable
from typing import Any

import pytest

Someone = Callable[..., Any]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_two_people_take_the_next_case_by_one_key_and_get_two(someone: Someone) -> None:
    people = [someone("agent"), someone("approver")]
    for page in people:
        page.goto("/disputes")
        page.keyboard.press("n")
    for page in people:
        page.wait_for_url("**/disputes/*")
    first, second = [page.inner_text("h1") for page in people]
    assert first != second
    for page in people:
        assert f"{page.inner_text('h1')} is yours." in page.inner_text("main .notice.good")


def test_the_list_of_a_case_is_walked_by_keys_as_soon_as_a_page_is_there(someone: Someone) -> None:
    agent = someone("agent")
    agent.goto("/disputes?tab=all&sort=opened_at")
    rows = agent.locator("table.data td.ref a").all_inner_texts()
    agent.locator("table.data td.ref a").nth(1).click()
    agent.wait_for_selector(f"h1:has-text('{rows[1]}')")
    agent.keyboard.press("n")
    agent.wait_for_selector(f"h1:has-text('{rows[2]}')")
    for row in (rows[1], rows[0]):
        agent.keyboard.press("p")
        agent.wait_for_selector(f"h1:has-text('{row}')")
