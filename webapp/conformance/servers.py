"""Which servers are held to the records: those that the environment names, else our own sandbox."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import requests

from webapp.conformance import records
from webapp.conformance.exchanges import Headers, Server
from webapp.sandbox.core.settings import SANDBOX_KEYS

_WRONG = "a-key-that-nobody-gave"


def _keyed(header: str, form: str = "{}") -> Callable[[str], Headers]:
    """Headers that carry a key: the right one, a wrong one, or none."""

    def of(key: str) -> Headers:
        given = {"right": key, "wrong": _WRONG}
        return lambda which: {header: form.format(given[which])} if which in given else {}

    return of


@dataclass(frozen=True)
class KnownServer:
    """A provider that can be asked. Its exchanges are those of its file in `records`."""

    name: str
    url_variable: str
    key_variable: str
    carries: Callable[[str], Headers]
    url: str = ""
    """Where it is when its variable says nothing else."""
    place: str = ""
    """The path of it in our own sandbox, when that is not its name."""
    own_key: Callable[[str], str] | None = None
    """The key for our sandbox at an address, when it is none of the fixed ones."""

    def server(self, environment: Mapping[str, str]) -> Server | None:
        """The server that the environment names, if it names one."""
        key, url = environment.get(self.key_variable, ""), environment.get(self.url_variable) or self.url
        return Server(self.name, url, self.carries(key)) if key and url else None

    def own(self, sandbox: str) -> Server:
        """Our sandbox in its place."""
        key = self.own_key(sandbox) if self.own_key else SANDBOX_KEYS[self.key_variable]
        return Server(self.name, f"{sandbox}/{self.place or self.name}", self.carries(key), is_own=True)


def _own_token(sandbox: str) -> str:
    """A token of our sandbox for Flutterwave v4."""
    client = {
        "client_id": SANDBOX_KEYS["FLUTTERWAVE_CLIENT_ID"],
        "client_secret": SANDBOX_KEYS["FLUTTERWAVE_CLIENT_SECRET"],
        "grant_type": "client_credentials",
    }
    answer = requests.post(f"{sandbox}/flutterwave/idp/token", data=client, timeout=10)
    return str(answer.json()["access_token"])


_BEARER = _keyed("Authorization", "Bearer {}")
KNOWN: tuple[KnownServer, ...] = (
    KnownServer("blnk", "BLNK_URL", "BLNK_API_KEY", _keyed("X-Blnk-Key")),
    KnownServer("paystack", "PAYSTACK_URL", "PAYSTACK_SECRET_KEY", _BEARER, url="https://api.paystack.co"),
    KnownServer(
        "flutterwave", "FLUTTERWAVE_V3_URL", "FLUTTERWAVE_SECRET_KEY", _BEARER, url="https://api.flutterwave.com"
    ),
    KnownServer(
        "flutterwave_v4",
        "FLUTTERWAVE_URL",
        "FLUTTERWAVE_ACCESS_TOKEN",
        _BEARER,
        url="https://f4bexperience.flutterwave.com",
        place="flutterwave",
        own_key=_own_token,
    ),
)
"""A provider is added by a line here, and by `exchanges` in its records."""


def named(environment: Mapping[str, str], providers: Iterable[str] = ()) -> list[Server]:
    """The servers that the environment names, of these providers or of all."""
    wanted = set(providers)
    found = [each.server(environment) for each in KNOWN if not wanted or each.name in wanted]
    return [each for each in found if each is not None]


def own(sandbox: str) -> list[Server]:
    """Every provider in our sandbox."""
    return [each.own(sandbox) for each in KNOWN if records.of(each.name).get("exchanges")]
