"""People: they sign in, open pages and follow what is there; those who may decide what waits for a second person."""

import random
import re
import threading
import time
from collections import Counter
from contextlib import suppress
from html import unescape

import requests

from soak.client import ApiClient, Refused, Stopped

_TIMEOUTS = (2.0, 8.0)
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_LINK = re.compile(r'href="(/[^"#]*)"')
_LEFT_ALONE = re.compile(r"sign-out|/static/|/docs|csv|export|download|theme|language")


class Person:
    """Somebody in front of a browser, who signs in again whenever the desk asks."""

    def __init__(self, url: str, account: tuple[str, str], chance: random.Random, counts: Counter[str]) -> None:
        self._url, (self._email, self._password), self._chance, self.counts = url, account, chance, counts
        self.session = requests.Session()
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
        answer = self.session.get(f"{self._url}{address}", timeout=_TIMEOUTS)
        if "/sign-in" in answer.url:
            self._sign_in(answer)
            return
        self.counts[str(answer.status_code)] += 1
        if token := _TOKEN.search(answer.text):
            self.session.headers["X-CSRFToken"] = unescape(token.group(1))
        if answer.status_code == 500:
            self.counts[f"500 {re.sub('[0-9]+', 'N', address)[:80]}"] += 1
        found = [unescape(link) for link in _LINK.findall(answer.text) if not _LEFT_ALONE.search(link)]
        if found:
            self._known = ["/", *self._chance.sample(found, min(40, len(found)))]

    def decide(self, client: ApiClient, over: threading.Event, pause: float) -> None:
        """Approve or reject what waits, until it is over; of two who decide at once one is told that it is too late."""
        role = self._email.partition("@")[0]
        while not over.is_set():
            try:
                self._look("/")
                self._decide_all(client, role)
            except (requests.RequestException, Refused):
                self.counts["deciding failed"] += 1
            except Stopped:
                return
            time.sleep(pause)

    def _decide_all(self, client: ApiClient, role: str) -> None:
        waiting = client.read("/api/v1/approvals?status=proposed&limit=20")["data"]
        for each in waiting:
            path, name = f"/api/v1/approvals/{each['id']}", f"{role}:{each['id']}"
            with suppress(Refused):
                if self._chance.random() < 0.8:
                    client.write(f"{path}/approve", {"password": self._password}, "approval", name)
                else:
                    client.write(f"{path}/reject", {"reason": "Not so."}, "approval", name)

    def _sign_in(self, page: requests.Response) -> None:
        token = _TOKEN.search(page.text)
        form = {"email": self._email, "password": self._password, "csrf_token": token.group(1) if token else ""}
        answer = self.session.post(page.url, data=form, timeout=_TIMEOUTS, headers={"Referer": page.url})
        self.counts["sign-in refused" if "/sign-in" in answer.url else "signed in"] += 1
