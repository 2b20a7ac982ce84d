"""Help where it is needed: words explained, two sentences on each page, the handbook, and ways out of empty lists."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import get_template_attribute
from flask.testing import FlaskClient
from jinja2 import UndefinedError

from webapp.admin.handbook import pages
from webapp.admin.ui.help.glossary import TERMS
from webapp.admin.ui.help.page_help import EVERYWHERE, HELP
from webapp.admin.ui.help.ways_to_fill import way_to, way_to_read
from webapp.admin.ui.menu import screens

SignIn = Callable[..., FlaskClient]


def test_the_glossary_says_what_each_word_means(sign_in: SignIn) -> None:
    page = sign_in("viewer").get("/glossary/").text
    for place, term in TERMS.items():
        assert f'<dt id="{place}">{term.word}</dt>' in page


def test_every_screen_has_two_sentences_and_words_that_the_glossary_has() -> None:
    assert {screen.slug for screen in screens()} == set(HELP)
    for help_text in (*HELP.values(), EVERYWHERE):
        assert len(re.findall(r"[.?](?:\s|$)", str(help_text.text._args[0]))) == 2, help_text
        assert set(help_text.words) <= set(TERMS)
        assert help_text.more in pages.names()


def test_every_word_is_explained_where_it_stands() -> None:
    assert {word for help_text in HELP.values() for word in help_text.words} == set(TERMS)


def test_help_stands_on_a_page_without_a_script(sign_in: SignIn) -> None:
    page = sign_in("viewer").get("/escrows/").text
    shown = page.partition('<details class="help">')[2].partition("</details>")[0]
    assert "Open one to see why it has not been paid" in shown
    assert "no timer and no job may pay" in shown
    assert 'href="/handbook/handbook"' in shown
    assert 'href="/glossary/"' in shown


def test_each_page_of_the_handbook_opens_and_leads_only_to_pages_that_are_there(sign_in: SignIn) -> None:
    client = sign_in("viewer")
    assert client.get("/handbook/").text.count('href="/handbook/') > 60
    for name in pages.names():
        content = pages.read(name, "/handbook/").content
        for address in re.findall(r'href="([^"#]*)', content):
            assert not address.startswith("/handbook/") or address.removeprefix("/handbook/") in pages.names(), name
            assert address.startswith(("/handbook/", "http")) or address == "", (name, address)
        assert "<pre>" not in content, f"{name}: a wide block is out of reach without a mouse"
    assert "Looking after Escrow Desk" in client.get("/handbook/handbook").text


@pytest.mark.parametrize("name", ["nothing", "../README", "..%2FREADME", "handbook.md", "api/openapi.json"])
def test_nothing_but_pages_of_the_handbook_is_served(sign_in: SignIn, name: str) -> None:
    assert sign_in("viewer").get(f"/handbook/{name}").status_code == 404


def test_html_in_a_page_of_the_handbook_is_shown_and_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "odd.md").write_text("# Odd\n\n<script>alert(1)</script> [x](javascript:alert(1)) | [y](y.md#z)\n")
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    monkeypatch.setattr(pages, "names", lambda: ("odd",))
    content = pages.read("odd", "/somewhere/").content
    assert "<script" not in content
    assert "href" not in content


LISTS = [screen for screen in screens() if hasattr(screen, "empty")]


@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_every_empty_list_leads_to_where_what_it_would_show_is_made(into_bare: SignIn, role: str) -> None:
    client = into_bare(role)
    assert len(LISTS) > 15
    seen = 0
    for screen in LISTS:
        page = client.get(f"/{screen.slug}/", follow_redirects=True)
        if page.status_code != 200:
            continue
        if shown := re.search(r'<div class="empty">(.*?)</div>', page.text, re.DOTALL):
            address = re.search(r'<a class="button" href="([^"]+)"', shown[1])
            assert address is not None, screen.slug
            assert client.get(address[1], follow_redirects=True).status_code == 200, address[1]
            seen += 1
    assert seen > 8


def test_every_empty_part_of_a_page_names_what_would_be_there_and_the_way_to_it(into_bare: SignIn) -> None:
    with into_bare("admin").application.test_request_context("/jobs/"):
        empty = get_template_attribute("components/ui.html", "empty")
        way = way_to_read()
        shown = empty("Nothing", "What would be here.", way)
        assert f'<a class="button" href="{way.url}">{way.verb}</a>' in shown
        with pytest.raises(UndefinedError, match="way"):
            empty("Nothing", "What would be here.")


def test_a_way_leads_only_who_may_go_there(into_bare: SignIn) -> None:
    with into_bare("admin").application.test_request_context("/parties/"):
        assert way_to(lambda view: True, "users.add", "Add a user") == ("/users/add", "Add a user")
        assert way_to(lambda view: False, "users.add", "Add a user") == way_to_read()
        assert way_to_read().url == "/handbook/handbook"


EMPTY_PARTS = {
    "queues": {"admin": "/jobs/", "viewer": "/jobs/"},
    "reports": {"admin": "#subscribe"},
    "": {"viewer": "/disputes/"},
    "audit/verify": {"operator": "/audit/verify/now", "admin": "/audit/verify/now"},
    "profile/passkeys": {"viewer": "#add"},
}


@pytest.mark.parametrize("page", EMPTY_PARTS)
def test_an_empty_part_of_a_page_leads_to_the_way_to_fill_it(into_bare: SignIn, page: str) -> None:
    for role, address in EMPTY_PARTS[page].items():
        shown = into_bare(role).get(f"/{page}", follow_redirects=True).text
        parts = re.findall(r'<div class="empty">(.*?)</div>', shown, re.DOTALL)
        assert any(f'href="{address}"' in part for part in parts), (role, parts)
