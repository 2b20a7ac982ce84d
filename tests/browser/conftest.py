"""A desk that is up with its demo data, and people in a real Chromium."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.local_desk import LocalDesk
from webapp.demo import SIGN_INS

PASSWORDS = {role: (email, password) for role, email, password in SIGN_INS}


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[LocalDesk]:
    """One desk for all browser tests of this process, as a newcomer starts it."""
    running = LocalDesk(tmp_path_factory.mktemp("up") / "var")
    try:
        running.wait_until_ready()
        yield running
        running.stop()
    finally:
        running.end()


@pytest.fixture
def someone(browser: Any, up: LocalDesk) -> Iterator[Callable[..., Any]]:
    """`someone("agent")` is a page of a browser in which that person is signed in; its errors fail the test."""
    contexts, errors = [], []

    def signed_in(role: str, **look: Any) -> Any:
        context = browser.new_context(base_url=f"http://127.0.0.1:{up.port}", **look)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
        email, password = PASSWORDS[role]
        page.goto("/sign-in")
        page.fill("[name=email]", email)
        page.fill("[name=password]", password)
        page.click("main form button")
        page.wait_for_selector("nav", state="attached")
        return page

    yield signed_in
    for context in contexts:
        context.close()
    assert errors == []
