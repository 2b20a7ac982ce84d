"""axe-core finds nothing on any page: both themes, a wide screen and a phone, each role, with data and without."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.support import forked
from tests.support.local_desk import LocalDesk
from tests.support.pages import each_kind, walk

Someone = Callable[..., Any]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (1440, 390)]
OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
"""Of WCAG 2.2's rules that of the size of targets is off by itself."""
MAIN = ("/", "/disputes", "/disputes/1", "/jobs", "/jobs/auto_release", "/alerts/", "/approvals/", "/search?q=a")


def violations(page: Any, scheme: str, width: int) -> list[str]:
    """What axe-core finds on an open page in this look, of any impact, as lines to read."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    return [
        f"{page.url} {scheme} {width}: {each['id']} ({each['impact']}) {node['target']} {node['html'][:160]}"
        for each in Axe().run(page, options=OPTIONS).response["violations"]
        for node in each["nodes"]
    ]


def test_main_pages_have_no_violation(someone: Someone) -> None:
    page = someone("admin")
    for address in MAIN:
        assert page.goto(address).status == 200
        for look in LOOKS:
            assert violations(page, *look) == []


@walk
def test_no_page_has_a_violation(someone: Someone) -> None:
    page = someone("admin")
    for number, _ in enumerate(each_kind(page, "/")):
        for look in (LOOKS[0], LOOKS[3]) if number % 2 else (LOOKS[1], LOOKS[2]):
            assert violations(page, *look) == []
        page.set_viewport_size({"width": 1440, "height": 900})


@walk
@pytest.mark.parametrize("role", ["viewer", "agent", "approver", "operator"])
def test_no_page_of_another_role_has_a_violation(someone: Someone, role: str) -> None:
    """What a role sees that an administrator does not is refusals and reasons: one look at each page shows those."""
    page = someone(role)
    for number, _ in enumerate(each_kind(page, "/")):
        assert violations(page, *LOOKS[number % len(LOOKS)]) == []
        page.set_viewport_size({"width": 1440, "height": 900})


@pytest.fixture(scope="module")
def empty(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDesk]:
    """A desk without any data, with one administrator."""
    running = LocalDesk(tmp_path_factory.mktemp("empty") / "var", "--no-demo")
    try:
        running.wait_until_ready()
        yield running
        running.stop()
    finally:
        running.end()


@walk
def test_no_page_of_an_empty_desk_has_a_violation(browser: Any, empty: LocalDesk, tmp_path: Path) -> None:
    said = tmp_path / "added"
    words = ("user", "add", "first@desk.example", "--role", "admin", "--generate", "--json")
    assert forked.desk(*words, environment=empty.environment, log=said).wait(60) == 0
    page = browser.new_context(base_url=f"http://127.0.0.1:{empty.port}").new_page()
    page.goto("/sign-in")
    page.fill("[name=email]", "first@desk.example")
    page.fill("[name=password]", json.loads(said.read_text())["password"])
    page.click("main form button")
    page.wait_for_selector("nav", state="attached")
    for number, _ in enumerate(each_kind(page, "/")):
        assert violations(page, *LOOKS[number % len(LOOKS)]) == []
        page.set_viewport_size({"width": 1440, "height": 900})
    page.context.close()
