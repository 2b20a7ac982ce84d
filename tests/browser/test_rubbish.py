"""What nobody should type, in every field of every form: nothing breaks, and nothing is executed."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Error

from tests.browser.conftest import PASSWORDS
from tests.support.local_desk import LocalDesk
from tests.support.pages import each_kind, walk

pytestmark = [pytest.mark.browser, walk, pytest.mark.timeout(1200)]

RUBBISH = "<script>alert(1)</script>\"><img src=x onerror=alert(2)> {{ 7*7 }} %(n)s \u202eשלום مرحبا\u202c 👩🏽‍🚀 '; --"
_LEFT_ALONE = re.compile(r"/sign-out|/profile|/users/|/sessions|/instance")
"""Forms by which this person would lock themselves out."""
_FILL = """(form, rubbish) => {
    for (const field of form.querySelectorAll("input:not([type=hidden]), textarea, select")) {
        if (field.matches("textarea, [type=text], [type=search], [type=email], [type=url], [type=tel], :not([type])"))
            field.value = field.tagName == "SELECT" ? field.value : rubbish;
        if (field.tagName == "SELECT") field.selectedIndex = field.options.length - 1;
        if (field.type == "number") field.value = "-1";
        if (field.type == "checkbox" || field.type == "radio") field.checked = true;
    }
    return form.action;
}"""


@pytest.fixture(scope="module")
def spoiled(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDesk]:
    """A desk of its own: what is sent to it is done where it is no error."""
    running = LocalDesk(tmp_path_factory.mktemp("spoiled") / "var")
    try:
        running.wait_until_ready()
        yield running
        running.stop()
    finally:
        running.end()


def test_rubbish_in_every_field_breaks_nothing(browser: Any, spoiled: LocalDesk) -> None:
    page = browser.new_context(base_url=f"http://127.0.0.1:{spoiled.port}").new_page()
    executed: list[Any] = []

    def note(dialog: Any) -> None:
        executed.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    page.goto("/sign-in")
    page.fill("[name=email]", PASSWORDS["admin"][0])
    page.fill("[name=password]", PASSWORDS["admin"][1])
    page.click("main form button")
    page.wait_for_selector("nav", state="attached")
    broken, sent = [], 0
    for address in each_kind(page, "/"):
        for number in range(min(page.locator("main form[method=post]").count(), 2)):
            form = page.locator("main form[method=post]").nth(number)
            action = form.evaluate(_FILL, RUBBISH)
            if _LEFT_ALONE.search(action):
                continue
            sent += 1
            try:
                with page.expect_navigation():
                    form.evaluate("form => HTMLFormElement.prototype.submit.call(form)")
            except Error as problem:
                if "ERR_ABORTED" not in problem.message:  # a file came, and the page stays
                    raise
                continue
            said = page.inner_text("body")
            if re.search(r"\b50\d · request|Internal Server Error", said) or not page.locator("h1").count():
                broken.append(f"{action}: {said[:200]}")
            page.goto(address)
    for address in each_kind(page, "/"):
        assert executed == [], address
    assert broken == []
    assert sent > 40
    page.context.close()
