"""A person signs in through the identity provider in a real Chromium, and out again at both."""

from typing import Any

import pytest

from tests.support.identity_provider import IdentityProvider, provider, provider_process  # noqa: F401
from tests.support.oidc_account import PASSWORD
from tests.support.people import app, desk  # noqa: F401
from tests.support.served import address  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
BUTTON = "text=Sign in with your company account"


def test_a_person_signs_in_at_the_provider_and_out_at_both(
    browser: Any, address: str, provider: IdentityProvider
) -> None:
    provider.control(redirect_uris=f"{address}/sign-in/provider/callback", logout_uris=f"{address}/sign-in")
    context = browser.new_context(base_url=address)
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if "Content Security Policy" in line.text else None)
    page.goto("/users")
    page.click(BUTTON)
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", PASSWORD)
    page.click("text=Sign in at Acme")
    page.wait_for_selector("h1:text-is('Users')")
    page.goto("/profile/")
    assert "through the identity provider" in page.inner_text("main")
    page.locator("form[action='/sign-out'] button").first.evaluate("button => button.form.requestSubmit()")
    page.wait_for_selector("h1:text-is('You are signed out')")
    page.click("text=Sign out there too")
    page.wait_for_url(f"{address}/sign-in*")
    page.click(BUTTON)
    page.wait_for_selector("text=Sign in at Acme")
    assert complaints == []
    context.close()
