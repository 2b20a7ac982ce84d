"""Forms as a browser sends them: opened, filled in, looked at once more where the desk asks for that, and sent.

Nothing is done here that a person can't do: the token against forged requests comes from the page, what is hidden in
the form goes back as it came, and a form that nobody answered is sent again with its own number, by which the desk
knows it.
"""

import re
import threading
import time
import uuid
from collections.abc import Mapping
from html import unescape

import requests

from soak.client import Refused, Stopped
from soak.journal import Journal

_TIMEOUTS = (2.0, 8.0)
_PAUSE = 0.5
_REFUSED = range(401, 429)
"""A form that is too old is answered with 400, and is opened again."""
_HIDDEN = re.compile(r"<input[^>]*>")
_PART = re.compile(r'\b(name|value|type)="([^"]*)"')
_SHOWN_FIRST = "step"


class Forms:
    """Somebody's hands: `session` is signed in again whenever the desk asks. `over` ends their patience."""

    def __init__(self, url: str, account: tuple[str, str], journal: Journal, over: threading.Event) -> None:
        self._url, (self._email, self._password) = url, account
        self.journal, self._over = journal, over
        self.session = requests.Session()

    def look(self, address: str) -> requests.Response:
        """Open a page, signing in on the way. Raises requests.RequestException."""
        answer = self.session.get(f"{self._url}{address}", timeout=_TIMEOUTS)
        if "/sign-in" in answer.url:
            self._sign_in(answer)
            answer = self.session.get(f"{self._url}{address}", timeout=_TIMEOUTS)
        return answer

    def send(self, address: str, values: Mapping[str, str], kind: str, name: str) -> None:
        """Fill a form in and send it until it is answered. Raises Refused; Stopped when the soak ends first."""
        key = uuid.uuid4().hex
        self.journal.ask(key, kind, name)
        was_sent = False
        while not self._over.is_set():
            try:
                shown = self.look(address)
                if shown.status_code in _REFUSED:
                    self._refused(key, shown, was_sent)
                if shown.status_code == 200:
                    filled = _hidden(shown.text) | dict(values) | {"submission": key}
                    answer, earlier = self._preview(address, filled), was_sent
                    if answer is None:
                        was_sent = True
                        answer = self._post(address, filled | ({"step": "do"} if _SHOWN_FIRST in filled else {}))
                    if answer.status_code in (302, 303) and "/sign-in" not in answer.headers.get("Location", ""):
                        self.journal.answer(key, 200, "")
                        return
                    if answer.status_code in _REFUSED:
                        self._refused(key, answer, earlier)
            except requests.RequestException as failure:
                self.journal.attempt(type(failure).__name__)
            time.sleep(_PAUSE)
        raise Stopped(address)

    def _preview(self, address: str, filled: Mapping[str, str]) -> requests.Response | None:
        """Look at what a decision would do, where it is shown first; the answer when it is not that."""
        if _SHOWN_FIRST not in filled:
            return None
        answer = self._post(address, filled)
        return None if answer.status_code == 200 else answer

    def _post(self, address: str, filled: Mapping[str, str]) -> requests.Response:
        headers = {"Referer": f"{self._url}{address}"}
        answer = self.session.post(
            f"{self._url}{address}", data=filled, headers=headers, timeout=_TIMEOUTS, allow_redirects=False
        )
        self.journal.attempt(f"form {answer.status_code}")
        return answer

    def _refused(self, key: str, answer: requests.Response, was_sent: bool) -> None:
        """The desk will not do it; or did it already, when an earlier sending got no answer: who looks can't tell."""
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text.partition("<main")[2]))
        self.journal.answer(key, answer.status_code, text, is_sure=not was_sent)
        raise Refused(f"{answer.status_code} {text[:200]}")

    def _sign_in(self, page: requests.Response) -> None:
        form = _hidden(page.text) | {"email": self._email, "password": self._password}
        self.session.post(page.url, data=form, timeout=_TIMEOUTS, headers={"Referer": page.url})


def _hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's forms, the first of each name."""
    found: dict[str, str] = {}
    for field in _HIDDEN.findall(page):
        parts = dict(_PART.findall(field))
        if parts.get("type") == "hidden" and "name" in parts:
            found.setdefault(parts["name"], unescape(parts.get("value", "")))
    return found
