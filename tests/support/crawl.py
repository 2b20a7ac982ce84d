"""A reader who opens every page and follows every link: each kind of link a few times, in each state of its row."""

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
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


class Links(HTMLParser):
    """Collects what a page links to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Link] = []
        self._open: list[tuple[int, list[str]]] = []
        self._badge = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _CASES:
            self._open.append((len(self.found), []))
        self._badge = "badge" in (given.get("class") or "").split()
        for name in (_LINKS.get(tag, ""), _LIVE):
            if given.get(name):
                by_post = tag == "form" and given.get("method") == "post"
                self.found.append(Link(str(given[name]), given.get("class") or "", by_post))

    def handle_data(self, data: str) -> None:
        if self._badge and self._open and data.strip():
            self._open[-1][1].append(data.strip())

    def handle_endtag(self, tag: str) -> None:
        self._badge = False
        if tag in _CASES and self._open:
            first, badges = self._open.pop()
            state = " ".join(sorted(set(badges)))
            self.found[first:] = [
                Link(each.address, f"{each.state} {state}", each.by_post) for each in self.found[first:]
            ]


def links_of(page: str) -> list[Link]:
    """Every address that a page names."""
    reader = Links()
    reader.feed(page)
    return reader.found


@dataclass
class Crawl:
    """One reader's walk. `opened` is every page, whatever it answered."""

    client: FlaskClient
    opened: list[Answer] = field(default_factory=list)
    _seen: Counter[Any] = field(default_factory=Counter)
    _known: set[str] = field(default_factory=set)

    def walk(self, *first: str) -> "Crawl":
        """Open these pages and what they lead to."""
        waiting = deque((Link(address), "/") for address in first)
        while waiting:
            link, found_on = waiting.popleft()
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
        """Its view with the words in the address and the state of its row; and each thing that it asks for."""
        parts = urlsplit(address)
        try:
            view, place = self.client.application.url_map.bind("localhost").match(parts.path)
        except HTTPException:
            return [parts.path]
        words = tuple(value for value in place.values() if isinstance(value, str))
        asked = ((name, value if _WORD.fullmatch(value) else "") for name, value in parse_qsl(parts.query))
        return [(view, words, link.state), *((view, name, value) for name, value in asked)]


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
