"""Every kind of page that somebody can come to by links, in a real browser."""

import os
import re
from collections import deque
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Error

_HREFS = "links => links.map(link => link.getAttribute('href'))"
_NAMES = re.compile(r"\d+|(?<=/jobs/)[a-z_]+|(?<=/handbook/)[a-z-]+")
"""What tells one page of a kind from another of it."""
_PASSED_OVER = re.compile(r"/export|/sign-out")
_MOST = 250


walk = pytest.mark.skipif("WALKS" not in os.environ, reason="takes a quarter of an hour and more: `make walks`")
"""Of a test that opens every kind of page in a browser."""


def kind_of(address: str) -> str:
    """What of an address tells its page from others: the path without numbers and names, and the tab."""
    path, _, asked = address.partition("?")
    tab = re.search(r"(?:^|&)(tab=\w+)", asked)
    return _NAMES.sub("0", path.rstrip("/")) + (f"?{tab[1]}" if tab else "")


def each_kind(page: Any, *first: str) -> Iterator[str]:
    """Open one page of each kind that links lead to, and give its address while it is open; `page` is signed in.

    Raises AssertionError for a page that is not shown, and for more kinds than a desk has.
    """
    waiting, known, shown = deque(first), {kind_of(each) for each in first}, 0
    while waiting:
        address = waiting.popleft()
        try:
            answer = page.goto(address)
        except Error as problem:
            if "Download is starting" not in problem.message:
                raise
            continue
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        assert answer.status == 200, f"{address}: {answer.status}"
        shown += 1
        assert shown <= _MOST, "The addresses of its pages have something in them that numbers them."
        found = page.eval_on_selector_all("a[href]", _HREFS)
        yield address
        for link in (each.partition("#")[0] for each in found):
            if link.startswith("/") and not _PASSED_OVER.search(link) and kind_of(link) not in known:
                known.add(kind_of(link))
                waiting.append(link)
