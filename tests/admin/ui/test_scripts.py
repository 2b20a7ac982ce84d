"""What the little JavaScript adds, in a real browser under the strict content policy."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, render_template_string
from werkzeug.serving import make_server

from tests.support.people import PAGES_OF_PEOPLE, PASSWORD
from webapp.security import signed_in

pytestmark = pytest.mark.browser

_LIVE = """{% extends "base.html" %}{% block title %}Live{% endblock %}{% block content %}
<div data-live="/live" data-every="1" id="part"><button type="button">{{ turn }}</button></div>
<form method="post" action="/slow"><button id="go">Go</button></form>
{% endblock %}"""


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Where the application is served, with a page that counts how often it was asked for, and one that stays."""
    turns: list[str] = []

    def live() -> str:
        turns.append("asked")
        return render_template_string(_LIVE, turn=len(turns), admin_view=None)

    def still() -> str:
        return render_template_string(_LIVE.replace("/live", "/still"), turn="same", admin_view=None)

    app.add_url_rule("/live", "live", signed_in(live))
    app.add_url_rule("/still", "still", signed_in(still))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """A page of a signed-in admin that keeps what the browser complained about."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda said: page.complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"{address}/sign-in")
    page.fill("#email", "admin@desk.example")
    page.fill("#password", PASSWORD)
    page.click("text=Sign in >> nth=-1")
    page.wait_for_url(f"{address}/")
    yield page
    context.close()


def test_no_page_makes_the_browser_complain(page: Any, address: str) -> None:
    for path in PAGES_OF_PEOPLE:
        assert page.goto(address + path).status == 200
        assert page.locator("h1").count() == 1
    assert page.complaints == []


def test_no_page_is_wider_than_a_phone(page: Any, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    for path in PAGES_OF_PEOPLE:
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") == 390, path
    page.click("summary")
    page.click(".side-narrow nav >> text=Desk")
    page.click(".side-narrow nav >> text=API tokens")
    assert page.url == f"{address}/tokens/"


def test_a_live_part_refreshes_by_itself_and_keeps_the_focus(page: Any, address: str) -> None:
    page.goto(f"{address}/live")
    page.focus("#part button")
    page.wait_for_selector("#part button:text-is('3')")
    assert page.evaluate("document.activeElement === document.querySelector('#part button')")
    page.select_option("[data-live-rate] select", "0")
    page.wait_for_timeout(300)
    shown = page.text_content("#part button")
    page.wait_for_timeout(1500)
    assert page.text_content("#part button") == shown


def test_the_palette_opens_by_key_and_goes_where_it_says(page: Any, address: str) -> None:
    found = {
        "results": [{"label": "Amina <b>", "url": "/users/1", "kind": "user"}, {"label": "Tokens", "url": "/tokens/"}]
    }
    page.route("**/search.json*", lambda route: route.fulfill(json=found))
    page.keyboard.press("Control+k")
    page.wait_for_selector("#found-1")
    assert page.text_content("#found-0 span") == "Amina <b>"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/tokens/")


def test_a_live_part_that_stays_as_it_is_is_sent_once(page: Any, address: str) -> None:
    polls: list[int] = []
    page.on("response", lambda got: polls.append(got.status) if "x-desk-poll" in got.request.headers else None)
    page.goto(f"{address}/still")
    for _ in range(100):
        page.wait_for_timeout(100)
        if len(polls) > 2:
            break
    assert (polls[0], set(polls[1:])) == (200, {304})
    assert page.inner_text("#part button") == "same"
    assert page.complaints == []


def test_single_keys_can_be_turned_off(page: Any) -> None:
    page.keyboard.press("?")
    page.wait_for_selector("dialog.shortcuts[open]")
    page.uncheck("[data-single-keys]")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.locator("dialog.shortcuts[open]").count() == 0


def test_colours_change_at_once_and_stay(page: Any) -> None:
    page.click(".side-foot [data-theme-form] button")
    assert page.get_attribute("html", "data-theme") == "dark"
    page.reload()
    assert page.get_attribute("html", "data-theme") == "dark"


def test_a_form_on_its_way_is_not_sent_again(page: Any, address: str) -> None:
    sent: list[str] = []
    page.goto(f"{address}/live")
    page.route("**/slow", lambda route: sent.append(route.request.url))
    box = page.locator("#go").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.click(*middle)
    for _ in range(100):
        page.wait_for_timeout(50)
        if sent:
            break
    page.mouse.click(*middle)  # Of a double click the browser itself makes one.
    page.wait_for_timeout(300)
    assert len(sent) == 1
