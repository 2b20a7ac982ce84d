"""A stranger's first deeds, counted in clicks: decide a dispute, cure an unpaid escrow, retry a failed run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.browser.conftest import PASSWORDS
from tests.support.local_desk import LocalDesk

Someone = Callable[..., Any]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@dataclass
class Hand:
    """Clicks on a page, and counts them."""

    page: Any
    clicks: int = 0

    def click(self, selector: str, **narrowed: Any) -> None:
        """Click the first thing that this finds, and wait for what comes."""
        self.clicks += 1
        self.page.locator(selector, **narrowed).first.click()
        self.page.wait_for_load_state()


def test_a_first_dispute_is_decided_within_five_clicks_from_the_sign_in(browser: Any, up: LocalDesk) -> None:
    page = browser.new_context(base_url=f"http://127.0.0.1:{up.port}").new_page()
    hand, (email, password) = Hand(page), PASSWORDS["agent"]
    page.goto("/")
    page.fill("[name=email]", email)
    page.fill("[name=password]", password)
    hand.click("main form button")
    hand.click("main a[href^='/disputes/']", has_text="D-")
    reference = page.inner_text("h1")
    hand.click("input[value=refund_to_buyer]")
    page.select_option("[name=code]", index=1)
    page.fill("textarea[name=reason]", "The buyer has shown that it never arrived.")
    hand.click("button", has_text="Preview the decision")
    assert page.locator("table.preview tbody tr").count() >= 2
    hand.click("form.action-form button.primary")
    page.wait_for_selector("main :text('resolved'), main :text('proposed a decision')")
    assert page.inner_text("h1") == reference
    assert hand.clicks <= 5
    page.context.close()


def test_why_an_escrow_is_unpaid_is_found_and_cured_within_three_clicks(someone: Someone) -> None:
    """The seller has told the reference: it is looked for by keys, and led to."""
    page = someone("admin")
    hand = Hand(page)
    page.goto("/escrows/?tab=blocked")
    reference = page.locator("td.ref a", has_text="E-NBO").first.inner_text()
    page.goto("/")
    page.keyboard.press("Control+k")
    page.fill(".palette input", reference)
    hand.click(f".palette li:has-text('{reference}') a")
    page.wait_for_url("**/escrows/*")
    escrow = page.url
    assert "has no wallet in KES" in page.inner_text("main")
    hand.click("main a", has_text="Open a wallet…")
    page.fill("[name=reason]", "Sells in Nairobi since this month.")
    hand.click("form.action-form button.primary")
    page.wait_for_selector("form.action-form", state="detached")
    assert hand.clicks <= 3
    page.goto(escrow)
    assert "has no wallet" not in page.inner_text("main")


def test_a_failed_run_is_understood_and_retried_within_four_clicks(someone: Someone) -> None:
    page = someone("operator")
    hand = Hand(page)
    hand.click("main a[href^='/jobs/auto_release']")
    hand.click("main a[href^='/runs/']:has(g.warn)")
    assert page.inner_text("h1").startswith("Run ")
    why = page.locator("tr", has=page.locator(".badge", has_text="failed")).first.inner_text()
    assert "longer than five seconds" in why
    hand.click("main a, main button", has_text="Retry failed items…")
    hand.click("form.action-form button.primary")
    page.wait_for_selector("#progress .badge:has-text('succeeded')", timeout=30_000)
    assert hand.clicks <= 4
