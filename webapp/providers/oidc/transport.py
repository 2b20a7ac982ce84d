"""Requests to the identity provider: bounded in time and size, no redirects, no proxies of the environment.

Its address is the operator's own setting, not a stranger's: unlike webhooks it may be a private one.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from authlib.integrations.requests_client import OAuth2Session
from requests.exceptions import ConnectionError as Disconnected
from urllib3.exceptions import HTTPError

from webapp.domain.outbox.addresses import networks
from webapp.providers.http.ssrf_guard import AddressPolicy, CheckedAdapter

CONNECT_SECONDS = 5.0
MOST_BYTES = 512 * 1024
_PIECE = 16 * 1024
_EVERYWHERE = networks(["0.0.0.0/0", "::/0"])


class BoundedAdapter(CheckedAdapter):
    """An adapter whose answers are read here: so much and no more, before the call's deadline."""

    def __init__(self, policy: AddressPolicy, seconds: float) -> None:
        self._seconds = seconds
        super().__init__(policy)

    def send(self, request: requests.PreparedRequest, *_: Any, **more: Any) -> requests.Response:
        """Send it, and read the answer whole. Raises RequestException."""
        given = {name: more[name] for name in ("verify", "cert") if name in more}
        timeout = (min(CONNECT_SECONDS, self._seconds), self._seconds)
        response = super().send(request, stream=True, timeout=timeout, **given)
        try:
            with response:
                body = _bounded(response)
        except (HTTPError, OSError) as problem:
            raise Disconnected(f"broke off: {type(problem).__name__}") from None
        response.raw = io.BytesIO(body)
        return response


@contextmanager
def session_with(client_id: str, client_secret: str, seconds: float, **metadata: Any) -> Iterator[OAuth2Session]:
    """Authlib's session for one call, or a few that belong together, within so many seconds in all."""
    with (
        AddressPolicy(_EVERYWHERE, seconds) as policy,
        OAuth2Session(client_id, client_secret, code_challenge_method="S256", **metadata) as session,
    ):
        session.trust_env = False
        session.max_redirects = 0
        adapter = BoundedAdapter(policy, seconds)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        session.headers["User-Agent"] = "Escrow-Desk/1"
        yield session


def _bounded(response: requests.Response) -> bytes:
    found = bytearray()
    while piece := response.raw.read1(_PIECE, decode_content=True):
        found += piece
        if len(found) > MOST_BYTES:
            raise OSError("too long")
    return bytes(found)
