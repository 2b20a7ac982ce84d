"""Passkeys in a real Chromium with a virtual authenticator: added, used to sign in and to approve."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from tests.support.arguments import ByActorUnderSettings
from tests.support.market import Market
from tests.support.market import person as somebody_else
from tests.support.people import PASSWORD, app, desk  # noqa: F401
from tests.support.served import address  # noqa: F401
from webapp import clock
from webapp.models import Audit, Passkey
from webapp.runtime import Runtime
from webapp.services.approvals import escrow_decisions

AWAY = somebody_else(99, "Amina", "agent")
pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


class Person:
    """Somebody at a browser with a device that has passkeys."""

    def __init__(self, browser: Any, address: str, **look: Any) -> None:
        self.context = browser.new_context(base_url=address, **look)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)
        self.devtools = self.context.new_cdp_session(self.page)
        self.devtools.send("WebAuthn.enable")
        self.plug_in()

    def _note(self, said: Any) -> None:
        if "Content Security Policy" in said.text:
            self.complaints.append(said.text)

    def plug_in(self) -> None:
        """A device that knows its person and says yes at once."""
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        answer = self.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.device = answer["authenticatorId"]

    def password(self, role: str) -> None:
        """Sign in as far as the password goes."""
        self.page.goto("/sign-in")
        self.page.fill("#email", f"{role}@desk.example")
        self.page.fill("#password", PASSWORD)
        self.page.click("main form button")

    def add(self, name: str, password: str = PASSWORD) -> None:
        """Add a passkey on the profile."""
        self.page.goto("/profile/passkeys/")
        self.page.fill("#name", name)
        self.page.fill("#password", password)
        self.page.click("[data-passkey-button]")


@pytest.fixture
def person(browser: Any, address: str) -> Iterator[Person]:
    """Somebody whose browser has nothing to complain about."""
    made = Person(browser, address)
    yield made
    made.context.close()
    assert made.complaints == []


def test_a_passkey_is_added_and_signs_in_after_the_password(person: Person, desk: Runtime) -> None:
    page = person.page
    person.password("approver")
    page.wait_for_selector("h1:text-is('Overview')")
    person.add("Work phone", "not this one at all")
    page.wait_for_selector("[data-passkey-problem]:has-text('That is not your password.')")
    person.add("Work phone")
    page.wait_for_selector("h1:text-is('Your second factor is on')")
    [recovery_code, *_others] = page.locator("main li code").all_inner_texts()
    person.add("Twice")
    page.wait_for_selector("[data-passkey-problem]:has-text('has a passkey of yours already')")
    assert page.locator("td:has-text('Work phone')").count() == 1

    person.context.clear_cookies()
    person.password("approver")
    page.wait_for_selector("h1:text-is('Second factor')")
    page.click("[data-passkey-button]")
    page.wait_for_selector("h1:text-is('Overview')")
    with desk.db.reading() as session:
        [passkey] = session.scalars(select(Passkey))
        assert (passkey.sign_count, passkey.last_used_at is not None) == (2, True)
        assert session.scalars(select(Audit.actor).where(Audit.action == "user.passkey_used")).all() == ["user:3"]

    person.context.clear_cookies()
    person.password("approver")
    page.fill("#code", recovery_code)
    page.click("button:has-text('Continue')")
    page.wait_for_selector("h1:text-is('Overview')")
    page.goto("/profile/")
    assert "9 recovery codes are left" in page.inner_text("main")


def test_a_dialog_that_was_closed_is_said_and_may_be_opened_again(person: Person) -> None:
    page = person.page
    person.password("agent")
    page.wait_for_selector("h1:text-is('Overview')")

    person.devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": person.device})
    page.add_init_script("navigator.credentials.create = async () => { throw new DOMException('', 'NotAllowedError') }")
    person.add("Work phone")
    page.wait_for_selector("[data-passkey-problem]:has-text('Nothing was sent')")
    assert page.locator("[data-passkey-button]").is_enabled()


def test_at_another_address_the_page_says_where_passkeys_work(browser: Any, address: str) -> None:
    stranger = Person(browser, address.replace("localhost", "127.0.0.1"))
    stranger.password("agent")
    stranger.page.goto("/profile/passkeys/")
    assert re.search(r"work at localhost:\d+ only", stranger.page.inner_text("[data-passkey-problem]"))
    assert stranger.page.locator("[data-passkey-button]").is_hidden()
    stranger.context.close()


def test_without_javascript_the_page_says_so(browser: Any, address: str) -> None:
    person = Person(browser, address, java_script_enabled=False)
    person.password("agent")
    person.page.goto("/profile/passkeys/")
    assert "Passkeys need JavaScript" in person.page.inner_text("form[data-passkey]")
    assert person.page.locator("[data-passkey-button]").is_hidden()
    person.context.close()


def test_a_second_person_approves_by_a_touch(person: Person, desk: Runtime) -> None:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        market.limit(0)
        escrow = market.escrow()
        how: ByActorUnderSettings = {"at": clock.now(), "actor": AWAY, "settings": desk.settings}
        decided = escrow_decisions.release(session, escrow.id, "It arrived.", version=escrow.version, **how)
        assert decided.approval is not None
        number = decided.approval.id
    desk.settings.approvals_need_passkey = True
    page = person.page
    person.password("approver")
    page.wait_for_selector("h1:text-is('Overview')")
    person.add("Blue key")
    page.wait_for_selector("h1:text-is('Your second factor is on')")
    page.goto(f"/approvals/{number}")
    assert page.locator("[name=secret]").count() == 0
    page.click("text=Approve with a passkey")
    page.wait_for_selector("text=Approved, and done")
    assert page.locator(".badge:has-text('executed')").count() == 1
