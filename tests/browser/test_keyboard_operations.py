"""The work of operations with the keyboard alone: run a job that moves money, acknowledge an alert."""

from collections.abc import Callable
from typing import Any

import pytest

Someone = Callable[..., Any]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
_MOST_STEPS = 150


def focused(page: Any) -> str:
    """What the focus is on, in words."""
    return str(page.evaluate("document.activeElement.textContent")).strip().replace("\xa0", " ")


def go_to(page: Any, words: str) -> None:
    """Tab on until the focus is on what begins so."""
    for _ in range(_MOST_STEPS):
        page.keyboard.press("Tab")
        if focused(page).startswith(words):
            return
    raise AssertionError(f"no Tab leads to {words}")


def test_a_job_that_moves_money_is_run_by_the_keyboard_alone(someone: Someone) -> None:
    operator = someone("operator")
    operator.goto("/jobs/auto_release")
    go_to(operator, "Run now")
    operator.keyboard.press("Enter")
    operator.wait_for_selector("h1:has-text('Run now')")
    assert focused(operator) == "Cancel"
    go_to(operator, "Make a")
    operator.keyboard.press("Enter")
    operator.wait_for_selector("#progress .badge:has-text('succeeded')", timeout=30_000)
    go_to(operator, "Run now")
    operator.keyboard.press("Enter")
    operator.wait_for_selector("h1:has-text('Run now')")
    moves_nothing = "it would move nothing now" in operator.inner_text("main")
    go_to(operator, "Run auto_release now" if moves_nothing else "Release ")
    operator.keyboard.press("Enter")
    operator.wait_for_selector("#progress .badge:has-text('dry run')", state="detached")
    operator.wait_for_selector("#progress >> text=started by hand", timeout=30_000)


def test_an_alert_is_acknowledged_by_the_keyboard_alone(someone: Someone) -> None:
    operator = someone("operator")
    operator.goto("/alerts/")
    go_to(operator, "Acknowledge…")
    operator.keyboard.press("Enter")
    operator.wait_for_selector("h1:has-text('Acknowledge')")
    go_to(operator, "Acknowledge")
    operator.keyboard.press("Enter")
    operator.wait_for_selector(".flash, [role=status]")
    operator.goto("/alerts/?tab=acknowledged")
    assert "seen to by" in operator.inner_text("main")
