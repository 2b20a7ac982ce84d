"""What every list of the desk has, whichever screen it stands on."""

import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from tests.support.desks_to_read import SignIn

_COUNT = re.compile(r'<p class="found muted">([\d,]+(?:–[\d,]+)?) of (?:over )?[\d,]+</p>')
_PAGES = re.compile(r'<nav class="pager"')
FEWEST_LISTS = 18


@pytest.fixture(scope="module")
def lists(into_demo: SignIn) -> dict[str, str]:
    """The page of every list, by its address, as an administrator sees it in the demo."""
    client = into_demo("admin")
    found = {address: client.get(address).get_data(as_text=True) for address in _addresses(client)}
    return {address: page for address, page in found.items() if _PAGES.search(page)}


def _addresses(client: FlaskClient) -> list[str]:
    rules = [rule for rule in client.application.url_map.iter_rules() if rule.endpoint.endswith(".index")]
    screens = {rule.rule for rule in rules if not rule.arguments and "GET" in (rule.methods or ())}
    statement = _linked(client, "/parties/1", r"/parties/\d+/accounts/\d+")
    placement = _linked(client, "/placements", r"/placements/of/[^\"]+")
    return sorted(screens | {"/jobs/auto_release", statement, placement})


def _linked(client: FlaskClient, address: str, pattern: str) -> str:
    found = re.search(f'href="({pattern})"', client.get(address, follow_redirects=True).get_data(as_text=True))
    assert found is not None, address
    return found[1]


def test_every_list_says_how_many_were_found(lists: dict[str, str]) -> None:
    with_rows = {address: page for address, page in lists.items() if '<table class="data' in page}
    assert [address for address, page in with_rows.items() if len(_COUNT.findall(page)) != 1] == []
    assert len(with_rows) >= FEWEST_LISTS, sorted(with_rows)


def test_a_page_leads_back_to_the_list_as_it_was_left(into_demo: SignIn) -> None:
    client = into_demo("agent")
    first = client.get("/escrows/?tab=held&policy=deadline&sort=-amount").text
    later = re.search(r'rel="next" href="([^"]+)"', first)
    assert later is not None
    second = client.get("/escrows/" + unescape(later[1])).text
    row = re.search(r'<a class="ref" href="(/escrows/\d+\?list=[^"]+)"', second)
    assert row is not None
    page = client.get(unescape(row[1])).text
    back = re.search(r'<p class="crumbs">\s*<a href="([^"]+)"', page)
    assert back is not None
    assert client.get(unescape(back[1])).text.count("26–50 of") == 1
    action = re.search(r'<a class="button[^"]*" href="(/escrows/\d+/freeze\?list=[^"]+)"', page)
    assert action is not None, "an action keeps it too"
    cancel = re.search(r'<a class="button" href="(/escrows/\d+\?list=[^"]+)"', client.get(unescape(action[1])).text)
    assert cancel is not None


@pytest.mark.parametrize("odd", ["//evil.example", "javascript:1", "?" + "a=b&" * 600])
def test_what_is_no_list_leads_back_to_the_plain_one(into_demo: SignIn, odd: str) -> None:
    page = into_demo("agent").get("/escrows/1", query_string={"list": odd}).text
    back = re.search(r'<p class="crumbs">\s*<a href="([^"]+)"', page)
    assert back is not None
    assert back[1].startswith("/escrows/")
