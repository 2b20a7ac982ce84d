"""Every page of the menu, and every link on each page, for each role."""

import re

import pytest

from tests.support.crawl import Crawl
from tests.support.desks_to_read import SignIn
from webapp.domain.permissions import ROLES

_LITERALS = re.compile(r">\s*(None|Undefined|nan|\[\]|\{\})\s*<")


def complaints(crawl: Crawl) -> list[str]:
    """Pages that failed, and pages on which a value of the program stands instead of words."""
    odd = [f"{each.address} says {found[1]}" for each in crawl.opened if (found := _LITERALS.search(each.text))]
    return crawl.failures + odd


@pytest.mark.long
@pytest.mark.parametrize("role", list(ROLES))
def test_every_link_in_the_demo_leads_somewhere(into_demo: SignIn, role: str) -> None:
    assert complaints(Crawl(into_demo(role)).walk("/")) == []


@pytest.mark.parametrize("role", list(ROLES))
def test_every_link_of_an_empty_desk_leads_somewhere(into_bare: SignIn, role: str) -> None:
    assert complaints(Crawl(into_bare(role)).walk("/")) == []
