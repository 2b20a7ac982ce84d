"""Every page that can be opened with a GET, every filter, order, tab and search of every list, alone and in the pairs
that people use, on a full desk: the ten that take longest beside an empty page, each with its slowest statement and
that one's plan.

It finds the addresses by itself: from the screens, what their lists declare, and the links on the pages it opens.
"""

import html
import logging
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from urllib.parse import urlencode, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from bench import kept, pages
from bench.statements import Statement, Watched, plan, shown, watched
from bench.table import Ratio, Ratios
from webapp import clock
from webapp.admin.ui.lists.columns import Filter
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.runtime import Runtime

COUNT = int(os.environ.get("BENCH_ROWS", "1000000"))
ASKED = 4
"""Times an empty page."""
SHOWN = 10
_ROUNDS, _LONG = 3, 1_000
"""How often each is asked for; once where it takes so many milliseconds."""
_LINK = re.compile(r'href="(/[^"#]*)')
_LATER = re.compile(r'href="(\?[^"]*after=[^"]*)"')
_CHOSEN = 3
_ADDRESSES = 50_000
"""How many are asked for at most."""
_SEARCHED = ("E-0", "P-000123", "00012", "Ngozi Afolabi", "nothing")


@dataclass(frozen=True, slots=True)
class Page:
    """An address, its milliseconds, and what was asked meanwhile."""

    address: str
    took: float
    statements: int
    slowest: Statement | None


def run() -> Ratios:
    """The worst, in times of an empty page."""
    with kept.filled(COUNT) as runtime:
        client = pages.signed_in(runtime, "admin")
        logging.getLogger().setLevel(logging.WARNING)
        empty = median(_asked(client, runtime, "/empty/").took for _ in range(30))
        found = sorted(_all(client, runtime), key=lambda each: each.took, reverse=True)
        over = [each for each in found if each.took > ASKED * empty]
        print(f"{len(found):,} addresses, {len(over):,} of them over {ASKED} times an empty page ({empty:.1f} ms)")
        for each in found[:SHOWN]:
            print(f"\n{each.took / empty:.1f}× {each.took:.0f} ms, {each.statements} statements: {each.address}")
            if each.slowest is not None:
                print(f"{shown(each.slowest)}\n{plan(runtime.db.engine, each.slowest)}", flush=True)
    return {
        f"pages-worst-{place}": Ratio.of_figures(each.took, empty, f"{each.address} ms", f"empty ms, {COUNT:,} rows")
        for place, each in enumerate(found[:SHOWN], 1)
    }


def _all(client: FlaskClient, runtime: Runtime) -> Iterator[Page]:
    app: Flask = client.application
    queue, seen, known = [*_declared(app)], set[str](), set[str]()
    while queue and len(seen) < _ADDRESSES:
        address = queue.pop()
        if address in seen:
            continue
        seen.add(address)
        answer = client.get(address)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        yield _measured(client, runtime, address)
        queue += [f"{urlsplit(address).path}{html.unescape(later)}" for later in _LATER.findall(answer.text)[:1]]
        for link in map(html.unescape, _LINK.findall(answer.text)):
            name = _endpoint(app, link)
            if name and name not in known:
                known.add(name)
                queue.append(link)


def _endpoint(app: Flask, link: str) -> str:
    """The name of the view behind a link of ours; one of each is opened."""
    try:
        name, _given = app.url_map.bind("").match(urlsplit(link).path, method="GET")
    except (RequestRedirect, HTTPException):
        return ""
    return "" if name.endswith(("static", ".export", "sign_out")) else str(name)


def _declared(app: Flask) -> Iterator[str]:
    with app.test_request_context("/"):
        for screen in app.extensions["admin"][0]._views:
            if isinstance(screen, ListScreen):
                yield from (f"{screen.at()}?{urlencode(each)}" for each in _queries(screen))


def _queries(screen: ListScreen) -> Iterator[dict[str, str]]:
    """Each tab with each order, each filter, each pair of both, and each search."""
    listing = screen.current_listing()
    orders = [
        {"sort": f"{sign}{each.name}"} for each in listing.columns if each.sort is not False for sign in ("", "-")
    ]
    filters = [{each.name: typed} for each in listing.filters for typed in _typed(each)]
    searches = [{"q": words} for words in _SEARCHED] if listing.search else []
    for tab in getattr(screen, "tabs", None) or ("",):
        where = {"tab": tab} if tab else {}
        for one in ({}, *orders, *filters, *searches):
            yield where | one
        for one in filters:
            yield from (where | one | order for order in orders)
        yield from (where | one | order for one in searches[:2] for order in orders)


def _typed(filter_: Filter) -> list[str]:
    month_ago = (clock.now() - timedelta(days=30)).date().isoformat()
    known = {"flag": ["1"], "date": [month_ago], "party": ["P-000123"], "currency": ["NGN", "USD"]}
    if filter_.kind == "choice":
        return [str(value) for value, _label in filter_.options()][:_CHOSEN]
    amounts = {"from": ["9,000", "1"], "to": ["101", "9,000"]}
    return known.get(filter_.kind) or amounts.get(filter_.name) or ["NGN" if filter_.name == "currency" else "P-000123"]


def _measured(client: FlaskClient, runtime: Runtime, address: str) -> Page:
    taken = []
    for _ in range(_ROUNDS):
        taken.append(_asked(client, runtime, address))
        if taken[-1].took > _LONG:
            break
    return min(taken, key=lambda each: each.took)


def _asked(client: FlaskClient, runtime: Runtime, address: str) -> Page:
    with watched(runtime.db.engine) as found:
        began = time.perf_counter()
        client.get(address)
        took = (time.perf_counter() - began) * 1000
    return _page(address, took, found)


def _page(address: str, took: float, found: Watched) -> Page:
    return Page(address, took, len(found.statements), found.slowest)
