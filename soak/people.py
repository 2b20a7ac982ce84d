"""People: they sign in, open pages, follow what is there, and freeze and lift by the pages' forms."""

import random
import re
import threading
import time
from collections import Counter
from html import unescape

import requests

_TIMEOUTS = (2.0, 8.0)
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_LINK = re.compile(r'href="(/[^"#]*)"')
_LEFT_ALONE = re.compile(r"sign-out|/static/|/docs|csv|export|download|theme|language")


class Person:
    """Somebody in front of a browser, who signs in again whenever the desk asks."""

    def __init__(self, url: str, account: tuple[str, str], chance: random.Random, counts: Counter[str]) -> None:
        self._url, (self._email, self._password), self._chance, self.counts = url, account, chance, counts
        self._session = requests.Session()
        self._known = ["/"]

    def work(self, over: threading.Event, pause: float) -> None:
        """Open one page after another until it is over."""
        while not over.is_set():
            try:
                self._look(self._chance.choice(self._known))
            except requests.RequestException as failure:
                self.counts[type(failure).__name__] += 1
            time.sleep(pause * self._chance.uniform(0.5, 1.5))

    def _look(self, address: str) -> None:
        answer = self._session.get(f"{self._url}{address}", timeout=_TIMEOUTS)
        if "/sign-in" in answer.url:
            self._sign_in(answer)
            return
        self.counts[str(answer.status_code)] += 1
        if answer.status_code == 500:
            self.counts[f"500 {re.sub('[0-9]+', 'N', address)[:80]}"] += 1
        found = [unescape(link) for link in _LINK.findall(answer.text) if not _LEFT_ALONE.search(link)]
        if found:
            self._known = ["/", *self._chance.sample(found, min(40, len(found)))]

    def _sign_in(self, page: requests.Response) -> None:
        token = _TOKEN.search(page.text)
        form = {"email": self._email, "password": self._password, "csrf_token": token.group(1) if token else ""}
        answer = self._session.post(page.url, data=form, timeout=_TIMEOUTS, headers={"Referer": page.url})
        self.counts["sign-in refused" if "/sign-in" in answer.url else "signed in"] += 1
