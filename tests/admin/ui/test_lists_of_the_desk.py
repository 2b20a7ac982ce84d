"""What every list of the desk has, whichever screen it stands on."""

import re

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
