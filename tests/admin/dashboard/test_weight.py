"""What the first page weighs on a full desk, as each role, and what asking again costs while nothing changes."""

import re
from datetime import timedelta

import pytest

from tests.support.desks_to_read import DEMO, SignIn
from webapp import clock

pytestmark = pytest.mark.long
DOCUMENT, REFRESH = 60 * 1024, 2 * 1024
"""Bytes before compression."""


@pytest.mark.parametrize("role", sorted(DEMO))
def test_the_first_page_is_light_and_asks_for_nothing_that_it_shows(
    into_demo: SignIn, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The jobs of each minute are late by then, however long ago the demo was made.
    begun = (clock.now() + timedelta(minutes=30)).replace(second=5)
    monkeypatch.setattr(clock, "now", lambda: begun)
    reader = into_demo(role)
    page = reader.get("/")
    assert page.text.count("<tr>") > 15, "the demo has its jobs"
    assert len(page.data) <= DOCUMENT
    tag = re.search(r'data-shown="(\w+)"', page.text)
    assert tag is not None
    again = reader.get("/", headers={"X-Desk-Poll": "1", "If-None-Match": f'W/"{tag[1]}"'})
    assert again.status_code == 304
    assert len(again.data) + len(str(again.headers)) <= REFRESH
