"""What most tests of decisions begin with."""

from collections.abc import Iterator

import pytest

from tests.support.market import Market, all_books_agree
from webapp.runtime import Runtime


@pytest.fixture
def market(runtime: Runtime) -> Iterator[Market]:
    """A market in which one person may decide about sums of any size; afterwards every book agrees."""
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        market.limit(10**9)
        yield market
    all_books_agree(runtime)
