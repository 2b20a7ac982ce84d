"""A reader who opens every page and follows every link: each kind of link a few times, in each state of its row."""

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

OF_A_KIND = 1
"""Pages that are opened of one kind of link."""
_WORD = re.compile(r"[a-z_.-]{1,40}")
_CASES = {"tr", "li"}
_LINKS = {"a": "href", "form": "action", "img": "src", "script": "src", "link": "href", "iframe": "src"}
_LIVE = "data-live"
_VALUES = r"""(?:[^>"']|"[^"]*"|'[^']*')*+"""
# An expression instead of HTMLParser, which took more time than the desk takes to make the pages.
_TAG = re.compile(
    rf"<!--.*?-->|<(?P<raw>script|style)\b(?P<raw_attributes>{_VALUES})>.*?</(?P=raw)|</(?P<end>tr|li)\s*>"
    rf"|<(?P<name>[a-z][a-z0-9-]*)(?P<attributes>{_VALUES})>(?P<text>[^<]*)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"""(?P<name>[^\s=/>"']+)(?:\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"'>]+)))?"""
)


@dataclass(frozen=True)
class Link:
    """An address on a page; how it looks, and the words of the badges in its row."""

    address: str
    state: str = ""
    by_post: bool = False


@dataclass
class Answer:
    """One page that was opened: where its link stood, and what came."""

    address: str
    found_on: str
    status: int
    text: str = ""
    by_post: bool = False


def links_of(page: str) -> list[Link]:
    """Every address that a page names, with the words of the badges in its row or item."""
    found: list[Link] = []
    rows: list[tuple[int, set[str]]] = []
    for tag in _TAG.finditer(page):
        name, attributes, ended = (
            tag["name"] or tag["raw"],
            tag["attributes"] or tag["raw_attributes"] or "",
            tag["end"],
        )
        if ended and rows:
            first, badges = rows.pop()
            state = " ".join(sorted(badges))
            found[first:] = [Link(each.address, f"{each.state} {state}", each.by_post) for each in found[first:]]
        elif name in _CASES:
            rows.append((len(found), set()))
        if name in _LINKS or _LIVE in attributes:
            found.extend(_named(name, attributes))
        if rows and "badge" in attributes and "badge" in _values(attributes).get("class", "").split():
            rows[-1][1].update({unescape(tag["text"] or "").strip()} - {""})
    return found


def _named(tag: str, attributes: str) -> Iterator[Link]:
    """What one tag links to."""
    given = _values(attributes)
    by_post = tag == "form" and given.get("method") == "post"
    for name in (_LINKS.get(tag, ""), _LIVE):
        if given.get(name):
            yield Link(given[name], given.get("class", ""), by_post)


def _values(attributes: str) -> dict[str, str]:
    return {
        each["name"]: unescape(each["double"] or each["single"] or each["bare"] or "")
        for each in _ATTRIBUTE.finditer(attributes)
    }


@dataclass
class Crawl:
    """One reader's walk. `opened` is every page, whatever it answered."""

    client: FlaskClient
    opened: list[Answer] = field(default_factory=list)
    _seen: Counter[Any] = field(default_factory=Counter)
    _known: set[str] = field(default_factory=set)
    _met: set[Link] = field(default_factory=set)
    """Links that were looked at, from whichever page: the menu stands on each."""

    def walk(self, *first: str) -> "Crawl":
        """Open these pages and what they lead to."""
        waiting = deque((Link(address), "/") for address in first)
        while waiting:
            link, found_on = waiting.popleft()
            if link in self._met:
                continue
            if link.address.startswith("/"):
                self._met.add(link)
            address = _local(link.address, found_on)
            if address is None or address in self._known or not self._is_new_kind(address, link):
                continue
            self._known.add(address)
            answer = self._open(address, found_on, link.by_post)
            waiting.extend((each, address) for each in links_of(answer.text))
        return self

    @property
    def views(self) -> set[str]:
        """The views that it opened."""
        return {kind[0] for kind in self._seen if isinstance(kind, tuple)}

    @property
    def failures(self) -> list[str]:
        """What was neither shown nor refused as an action that is not possible now."""
        return [f"{each.status} {each.address} (on {each.found_on})" for each in self.opened if not _is_fine(each)]

    def _open(self, address: str, found_on: str, by_post: bool) -> Answer:
        got = self.client.get(address)
        content = got.get_data()
        moved = got.status_code in (301, 302, 303, 307, 308)
        text = content.decode() if got.mimetype == "text/html" else ""
        answer = Answer(address, found_on, got.status_code, text, by_post)
        self.opened.append(answer)
        if moved:
            answer.text = f'<a href="{got.headers["Location"]}">'
        return answer

    def _is_new_kind(self, address: str, link: Link) -> bool:
        kinds = self._kinds_of(address, link)
        self._seen.update(kinds)
        return any(self._seen[kind] <= OF_A_KIND for kind in kinds)

    def _kinds_of(self, address: str, link: Link) -> list[Any]:
        """Its view with the words in the address, or else the state of its row; and each thing that it asks for."""
        parts = urlsplit(address)
        try:
            view, place = self.client.application.url_map.bind("localhost").match(parts.path)
        except HTTPException:
            return [parts.path]
        words = tuple(value for value in place.values() if isinstance(value, str))
        asked = ((name, value if _WORD.fullmatch(value) else "") for name, value in parse_qsl(parts.query))
        return [(view, words or link.state), *((view, name, value) for name, value in asked)]


def _local(address: str, found_on: str) -> str | None:
    if address.startswith(("mailto:", "data:", "blob:", "#")):
        return None
    parts = urlsplit(
        urljoin(f"http://localhost{found_on}" if found_on.startswith("/") else "http://localhost/", address)
    )
    if parts.netloc != "localhost":
        return None
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _is_fine(answer: Answer) -> bool:
    return answer.status in (200, 302, 303) or (answer.status == 405 and answer.by_post)
