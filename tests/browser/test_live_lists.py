"""A list at which several people work: what others do shows in its rows, which stay where they are, in a browser."""

from collections.abc import Callable
from typing import Any

import pytest

Someone = Callable[..., Any]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
SEEN_WITHIN = 15_000
"""Milliseconds: a list asks every five seconds, and a busy machine takes its time to answer."""


def tops(page: Any) -> list[float]:
    found = page.evaluate(
        "[...document.querySelectorAll('table.data tbody tr')].map(r => r.getBoundingClientRect().top)"
    )
    return [float(top) for top in found]


def test_a_case_that_another_takes_says_so_in_the_row_and_stays_marked_and_in_its_place(someone: Someone) -> None:
    agent, approver = someone("agent"), someone("approver")
    agent.goto("/disputes?tab=unassigned")
    rows = agent.locator("table.data tbody tr")
    rows.nth(0).locator("input[type=checkbox]").check()
    reference, before = rows.nth(0).locator("td.ref a").inner_text(), tops(agent)
    approver.goto("/disputes?tab=unassigned")
    approver.keyboard.press("n")
    approver.wait_for_selector("main .notice.good:has-text('is yours')")
    taken = approver.inner_text("h1")
    gone = agent.locator(f"tr.gone:has-text('{taken}')")
    gone.locator("text=no longer in this list").wait_for(timeout=SEEN_WITHIN)
    assert tops(agent)[0] == before[0]
    assert rows.nth(0).locator("td.ref a").inner_text() == reference
    assert rows.nth(0).locator("input[type=checkbox]").is_checked()


def test_a_case_that_another_takes_names_who_has_it_in_the_list_of_all(someone: Someone) -> None:
    agent, approver = someone("agent"), someone("approver")
    agent.goto("/disputes?tab=all&sort=due_at")
    approver.goto("/disputes")
    approver.keyboard.press("n")
    approver.wait_for_selector("main .notice.good:has-text('is yours')")
    case = approver.inner_text("h1")
    agent.goto(f"/disputes?tab=all&q={case}")
    approver.click("text=Give back…")
    approver.click("form.action-form button.primary")
    approver.wait_for_selector("main .notice.good")
    row = agent.locator(f"tr:has-text('{case}')")
    row.locator("td.fresh:has-text('nobody')").wait_for(timeout=SEEN_WITHIN)
    marked = {
        cell.get_attribute("data-label"): "fresh" in (cell.get_attribute("class") or "")
        for cell in row.locator("td").all()
    }
    assert marked["Assignee"]
    assert not any(marked[label] for label in ("Dispute", "Claim", "Amount"))


def test_what_comes_into_a_list_is_told_and_moves_nothing(someone: Someone) -> None:
    agent, approver = someone("agent"), someone("approver")
    agent.goto("/disputes?tab=mine")
    approver.goto("/disputes?tab=unassigned")
    approver.locator("table.data td.ref a").first.click()
    approver.click("text=Assign…")
    approver.select_option("[name=user_id]", label="Ngozi Afolabi")
    approver.locator("form.action-form button.primary").click()
    approver.wait_for_selector("main .notice.good")
    agent.wait_for_selector("[data-list-news]:has-text('Something new belongs in this list.')", timeout=SEEN_WITHIN)
    agent.click("[data-list-news] a")
    agent.wait_for_selector("table.data td.ref a")
    assert agent.is_hidden("[data-list-news]")
