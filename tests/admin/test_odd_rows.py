"""Every page with each odd row: dates at the edges, nothing known, long names from right to left, every state."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy.orm import Session

from tests.admin.test_links import complaints
from tests.support import odd_rows
from tests.support.crawl import Crawl
from tests.support.desks_to_read import DEMO, signing_in
from webapp.runtime import Runtime

FIRST = ("/", "/search?q=a", "/search.json?q=a")
FEWEST_VIEWS = 80
"""Of the views for people; the others ask for a state that none of these things is in."""


def _latest_and_longest(session: Session) -> None:
    odd_rows.twist_dates(session, at=odd_rows.LATE)
    odd_rows.twist_texts(session)


TWISTS: dict[str, Callable[[Session], None]] = {
    "every state": lambda session: None,
    "the earliest dates": partial(odd_rows.twist_dates, at=odd_rows.EARLY),
    "the latest dates, and long texts from right to left": _latest_and_longest,
    "nothing known": odd_rows.twist_gaps,
}


@pytest.mark.long
@pytest.mark.parametrize("twist", TWISTS)
def test_every_page_opens_with_odd_rows(sqlite_demo: Runtime, twist: str) -> None:
    desk = sqlite_demo
    with desk.db.transaction() as session:
        odd_rows.forget_triggers(session)
        odd_rows.fill(session)
        TWISTS[twist](session)
    sign_in = signing_in(desk, lambda role: DEMO[role])
    crawl = Crawl(sign_in("admin")).walk(*FIRST)
    assert complaints(crawl) == []
    if twist == "every state":
        assert len(crawl.views) > FEWEST_VIEWS
