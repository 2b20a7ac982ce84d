"""The identity provider's process, as tests drive it: people sign in at its own pages."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests

from tests.support.oidc_account import CLIENT_ID, CLIENT_SECRET, PASSWORD
from tests.support.paths import ROOT


class IdentityProvider:
    """A provider under way."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.issuer = f"{self.origin}/o"
        self._browsers: dict[str, requests.Session] = {}

    @property
    def settings(self) -> dict[str, Any]:
        """What an operator sets for it."""
        return {"oidc_issuer": self.issuer, "oidc_client_id": CLIENT_ID, "oidc_client_secret": CLIENT_SECRET}

    def control(self, **faults: Any) -> None:
        """Switch these faults on, and the former ones off."""
        requests.post(f"{self.origin}/control", json=faults, timeout=10).raise_for_status()

    def answer(self, address: str, username: str = "admin") -> str:
        """Follow the desk's redirect as somebody who signs in there; where the provider sends the browser then."""
        browser = self._browsers.setdefault(username, requests.Session())
        response = browser.get(address, allow_redirects=False, timeout=10)
        while (place := response.headers.get("Location", "")).startswith(("/", self.origin)):
            response = browser.get(urljoin(self.origin, place), allow_redirects=False, timeout=10)
            if "csrfmiddlewaretoken" in response.text:
                token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', response.text)
                assert token is not None
                form = {"csrfmiddlewaretoken": token[1], "username": username, "password": PASSWORD}
                response = browser.post(response.url, data=form, allow_redirects=False, timeout=10)
        assert place, response.text
        return place


@contextmanager
def running(folder: Path) -> Iterator[IdentityProvider]:
    """The provider's process, for as long as it is needed."""
    command = [sys.executable, "-m", "tests.support.oidc_server", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield IdentityProvider(json.loads(process.stdout.readline())["port"])
    finally:
        process.terminate()
        process.wait(10)
