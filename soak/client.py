"""A client of the desk's API as it should be: a write that was not answered is sent again under the same key."""

import threading
import time
import uuid
from typing import Any

import requests

from soak.journal import Journal

_TIMEOUTS = (2.0, 8.0)
_UNDECIDED = {408, 425, 429, 500, 502, 503, 504}
_PAUSES = (0.2, 0.5, 1.0, 2.0)


def with_token(token: str) -> requests.Session:
    """A session of a machine."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    return session


class Stopped(Exception):
    """The soak is over, and this write was not answered."""


class Refused(Exception):
    """The desk will not do it, and said so."""


class ApiClient:
    """One that asks in a session, as `with_token` makes it or as somebody signed in; `over` ends its patience."""

    def __init__(self, url: str, session: requests.Session, journal: Journal, over: threading.Event) -> None:
        self._url, self._session, self.journal, self._over = url, session, journal, over

    def write(self, path: str, body: Any, kind: str, name: str, method: str = "POST") -> dict[str, Any]:
        """Ask until it is answered; gives the answer. Raises Refused, or Stopped when the soak ends first."""
        key = uuid.uuid4().hex
        self.journal.ask(key, kind, name)
        while True:
            answer = self._attempt(method, path, body, key)
            if answer is not None and answer.status_code not in _UNDECIDED:
                self.journal.answer(key, answer.status_code, answer.text)
                if answer.status_code >= 400:
                    raise Refused(f"{answer.status_code} {answer.text[:200]}")
                found: dict[str, Any] = answer.json()
                return found

    def read(self, path: str) -> dict[str, Any]:
        """Ask until it is answered. Raises Refused or Stopped."""
        while True:
            answer = self._attempt("GET", path, None, None)
            if answer is not None and answer.status_code not in _UNDECIDED:
                if answer.status_code >= 400:
                    raise Refused(f"{answer.status_code} {answer.text[:200]}")
                found: dict[str, Any] = answer.json()
                return found

    def _attempt(self, method: str, path: str, body: Any, key: str | None) -> requests.Response | None:
        """One attempt. None when nobody answered; what was not decided is waited for."""
        headers = {"Idempotency-Key": key} if key else {}
        address = f"{self._url}{path}"
        answer: requests.Response | None = None
        for pause in _PAUSES:
            if self._over.is_set():
                raise Stopped(path)
            try:
                answer = self._session.request(method, address, json=body, headers=headers, timeout=_TIMEOUTS)
            except requests.RequestException as failure:
                self.journal.attempt(type(failure).__name__)
                answer = None
            else:
                self.journal.attempt(str(answer.status_code))
                if answer.status_code not in _UNDECIDED:
                    return answer
                if answer.status_code == 500:
                    self.journal.samples.setdefault(f"500 {method} {path.rstrip('0123456789')}", answer.text[:300])
            time.sleep(pause)
        return answer
