"""With JavaScript switched off a dispute is read and decided, a job run, and anything found."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import PASSWORDS

Someone = Callable[..., Any]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_a_dispute_is_read_and_decided(someone: Someone) -> None:
    agent = someone("agent", java_script_enabled=False)
    agent.goto("/disputes?tab=decide&currency=USD")
    link = agent.locator("table.data td.ref a").last
    reference = link.inner_text()
    link.click()
    assert agent.inner_text("h1") == reference
    for part in ("The claim", "If nobody acts", "Messages and notes", "Evidence"):
        assert agent.locator("h2", has_text=part).count() == 1
    agent.check("input[name=resolution][value=refund_to_buyer]")
    agent.select_option("[name=code]", index=1)
    agent.fill("textarea[name=reason]", "It never came, and the seller does not say where it is.")
    agent.locator("form button", has_text="Preview the decision").click()
    assert agent.locator("table.preview tbody tr").count() >= 2
    agent.locator("form.action-form button.primary").click()
    assert agent.inner_text("h1") == reference
    said = agent.inner_text("main")
    assert "resolved" in said or "proposed a decision" in said


def test_a_job_is_run(someone: Someone) -> None:
    operator = someone("operator", java_script_enabled=False)
    operator.goto("/jobs/create_missing_wallets")
    operator.locator("text=Run now").first.click()
    for _ in range(60):
        if operator.locator("#progress .badge", has_text="succeeded").count():
            break
        operator.wait_for_timeout(500)
        operator.reload()
    assert operator.inner_text("h1").startswith("Run ")
    assert operator.locator("#progress .badge", has_text="succeeded").count() == 1


@pytest.mark.parametrize(
    ("words", "found"), [("D-000001", "D-000001"), ("auto_release", "auto_release"), ("settings", "Settings")]
)
def test_anything_is_found(someone: Someone, words: str, found: str) -> None:
    admin = someone("admin", java_script_enabled=False)
    admin.goto("/")
    admin.locator("header [name=q]:visible").fill(words)
    admin.keyboard.press("Enter")
    admin.locator("main .found a").first.click()
    admin.wait_for_selector("main h1")
    assert found in admin.inner_text("main")


def test_signing_in_with_a_wrong_password_says_so(someone: Someone) -> None:
    """The first form of all stands without JavaScript too."""
    page = someone("viewer", java_script_enabled=False)
    page.context.clear_cookies()
    page.goto("/sign-in")
    page.fill("[name=email]", PASSWORDS["viewer"][0])
    page.fill("[name=password]", "not the password")
    page.click("main form button")
    assert page.locator("[role=alert]").count() >= 1
    assert page.input_value("[name=email]") == PASSWORDS["viewer"][0]
