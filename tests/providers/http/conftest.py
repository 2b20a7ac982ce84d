"""Clocks that a test moves on, and what left for the providers."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from webapp import clock
from webapp.providers.http import leases


@dataclass
class Clocks:
    """The two clocks that leases look at. What stops a process may stop one of them only."""

    seconds: float = 0.0
    wall: timedelta = field(default_factory=timedelta)

    def pass_over(self, which: str, length: timedelta) -> None:
        """Let one of them go on by itself, past a lease of this length."""
        if which == "monotonic":
            self.seconds += length.total_seconds() + 1
        else:
            self.wall += length + timedelta(seconds=1)

    def now(self) -> datetime:
        return clock.now() + self.wall


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    made = Clocks()
    monkeypatch.setattr(leases, "monotonic", lambda: monotonic() + made.seconds)
    monkeypatch.setattr(leases, "clock", SimpleNamespace(now=made.now))
    return made


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many POSTs left, by the last part of their path."""
    made: Counter[str] = Counter()
    real = requests.Session.request

    def counting(self: Any, method: str, url: str, **more: Any) -> Any:
        if method.upper() == "POST":
            made[urlsplit(url).path.rpartition("/")[2]] += 1
        return real(self, method, url, **more)

    monkeypatch.setattr(requests.Session, "request", counting)
    return made
