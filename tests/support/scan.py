"""A scanner of pages: each address with a query and each form that a reader meets is attacked, its answer looked at.

It runs in the process and knows the common classes alone; `make scan` sends a scanner that knows more, for longer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from flask.testing import FlaskClient

from tests.support.crawl import Answer

MARK = "q9z7"
"""Stands nowhere in the desk."""
ATTACKS = (
    f'\'"><{MARK} x="{{{{7*191}}}}{MARK}${{7*191}}',
    f"https://{MARK}.example/\r\nX-{MARK}: 1",
    "../../../../../../etc/passwd;id|id`id`')) OR 1=1--",
)
"""Markup, quotes and templates; redirects and split headers; paths, commands and statements."""
PROTECTIONS = ("Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy")
_KEPT = {"csrf_token", "version", "form_key"}
"""Hidden fields without which a form is refused before its others are looked at."""


@dataclass
class Form:
    """What a page asks for."""

    action: str
    by_post: bool
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given.get("action", ""), given.get("method", "").lower() == "post"))
            self._open = True
        elif self._open and tag in ("input", "select", "textarea", "button") and given.get("name"):
            self.found[-1].fields.setdefault(given["name"], given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "form"


def forms_of(page: str, address: str) -> list[Form]:
    """The forms of a page, with whole addresses."""
    parser = _Forms()
    parser.feed(page)
    return [Form(urljoin(address, each.action or address), each.by_post, each.fields) for each in parser.found]


@dataclass
class Scan:
    """One reader's attacks. `found` is what was wrong, a line each."""

    client: FlaskClient
    not_asked: tuple[str, ...] = ()
    one_by_one: bool = False
    """Whether each part of a query is tried by itself too: one that is refused hides what the next would do."""
    found: list[str] = field(default_factory=list)
    asked: int = 0
    _known: set[Any] = field(default_factory=set)

    def attack(self, pages: list[Answer]) -> "Scan":
        """Attack what these pages' addresses and forms take, each kind once."""
        for page in pages:
            parts = urlsplit(page.address)
            self._attack_form(Form(parts.path, by_post=False, fields=dict(parse_qsl(parts.query))))
            for form in forms_of(page.text, page.address):
                self._attack_form(form)
        return self

    def _attack_form(self, form: Form) -> None:
        kind = (self._view(form.action), form.by_post, frozenset(form.fields))
        if kind in self._known or not form.fields or form.action.startswith(self.not_asked):
            return
        self._known.add(kind)
        for attack in ATTACKS:
            self._ask(form, {name: form.fields[name] if name in _KEPT else attack for name in form.fields})
        for name in form.fields if self.one_by_one and not form.by_post else ():
            self._ask(form, form.fields | {name: ATTACKS[0]})

    def _ask(self, form: Form, fields: Mapping[str, str]) -> None:
        self.asked += 1
        if form.by_post:
            answer = self.client.post(form.action, data=fields)
        else:
            answer = self.client.get(f"{urlsplit(form.action).path}?{urlencode(fields)}")
        place = f"{'POST' if form.by_post else 'GET'} {form.action} {sorted(form.fields)}"
        self.found += [f"{place}: {wrong}" for wrong in problems(answer)]

    def _view(self, address: str) -> Any:
        try:
            return self.client.application.url_map.bind("localhost").match(urlsplit(address).path, method="GET")[0]
        except Exception:  # an address for POST alone: its numbers make no other kind
            return "".join(each for each in urlsplit(address).path if not each.isdigit())


def problems(answer: Any) -> Iterator[str]:
    """What is wrong with the answer to an attack."""
    if answer.status_code >= 500 and answer.status_code != 503:
        yield f"it broke: {answer.status_code}"
    if any(MARK in name.lower() for name, _ in answer.headers):
        yield "its headers were split"
    location = urlsplit(answer.headers.get("Location", "")).netloc
    if MARK in location:
        yield f"it leads to {location}"
    yield from (f"it lacks {name}" for name in PROTECTIONS if name not in answer.headers)
    yield from written(answer.get_data(as_text=True)) if answer.mimetype == "text/html" else ()


def written(page: str) -> Iterator[str]:
    """What an attack left in a page."""
    signs = {
        f"<{MARK}": "markup is not escaped",
        f"1337{MARK}": "a template was carried out",
        f"{MARK}1337": "a template was carried out",
        "root:x:0": "a file of the machine is shown",
        "uid=0(": "a command was carried out",
    }
    yield from (problem for sign, problem in signs.items() if sign in page)
