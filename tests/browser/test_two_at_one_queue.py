"""Two people clear one queue: no case is handed out twice, each sees what the other did, and nothing typed is lost."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import settings_for
from tests.support.local_desk import LocalDesk
from tests.support.market import Market
from tests.support.pages import walk
from webapp import clock
from webapp.runtime import build_runtime

Someone = Callable[..., Any]
pytestmark = [pytest.mark.browser, walk, pytest.mark.timeout(900)]

CASES, MOST_SECONDS = 50, 300
SEES_WITHIN = 15_000
"""Milliseconds: a page asks every five seconds, and a busy machine takes its time to answer."""


def test_two_people_clear_a_queue(someone: Someone, up: LocalDesk, tmp_path: Path) -> None:
    _open_cases(up, tmp_path)
    people = {"agent": someone("agent"), "approver": someone("approver")}
    taken: dict[str, str] = {}
    ends, rounds, slowest = time.monotonic() + MOST_SECONDS, 0, 0.0
    while time.monotonic() < ends and len(taken) < CASES:
        for role, page in people.items():
            reference = _take_next(page)
            assert reference not in taken, f"{reference} was {taken.get(reference)}'s already"
            taken[reference] = role
        rounds += 1
        if rounds % 5 == 0:
            slowest = max(slowest, _decide_before_eyes(people["agent"], people["approver"]))
    print(f"{len(taken)} cases in {rounds} rounds; a decision was seen by the other after at most {slowest:.1f} s")
    assert len(taken) > 20
    assert slowest > 0


def _open_cases(up: LocalDesk, folder: Path) -> None:
    """Fifty more disputes that are nobody's."""
    runtime = build_runtime(settings_for(f"sqlite:///{up.folder}/desk.sqlite3", folder))
    for _ in range(CASES):
        with runtime.db.transaction() as session:
            Market(session, runtime, clock.now()).dispute()
    runtime.db.close()


def _take_next(page: Any) -> str:
    page.goto("/disputes")
    page.keyboard.press("n")
    page.wait_for_selector("main .notice.good:has-text('is yours')")
    return str(page.inner_text("h1"))


def _decide_before_eyes(decides: Any, watches: Any) -> float:
    """One decides the case at which the other is typing; the seconds until the other is told."""
    watches.goto(decides.url)
    watches.fill("#decide textarea[name=reason]", "I was about to write that")
    decides.check("input[name=resolution][value=refund_to_buyer]")
    decides.select_option("[name=code]", index=1)
    decides.fill("#decide textarea[name=reason]", "It never came.")
    decides.locator("button", has_text="Preview the decision").click()
    decides.wait_for_selector("table.preview")
    decides.click("form.action-form button.primary")
    decides.wait_for_selector("main .notice.good")
    began = time.monotonic()
    watches.wait_for_selector(".case-new", timeout=SEES_WITHIN)
    seen = time.monotonic() - began
    assert watches.input_value("#decide textarea[name=reason]") == "I was about to write that"
    return seen
