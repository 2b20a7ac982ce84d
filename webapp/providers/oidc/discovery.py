"""What the identity provider says of itself: its endpoints and its keys, kept for an hour by each process."""

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests.exceptions import RequestException

from webapp.providers.oidc import failures
from webapp.providers.oidc.transport import session_with
from webapp.settings import Settings

KEPT_SECONDS = 3_600.0
_PATH = "/.well-known/openid-configuration"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL_ENDPOINTS = ("userinfo_endpoint", "end_session_endpoint")


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """The parts of the provider's description that the desk goes by."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    end_session_endpoint: str
    algorithms: tuple[str, ...] | None
    """By which it signs ID tokens; None when it does not say."""
    auth_methods: tuple[str, ...]
    names_itself: bool
    """Whether its answers carry `iss` (RFC 9207)."""


class Discovery:
    """Asks one issuer, and remembers. Safe to use from many threads: two that ask at once both get an answer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._metadata: tuple[float, ProviderMetadata] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def metadata(self, *, fresh: bool = False) -> ProviderMetadata:
        """The provider's description. Raises ProviderSignInFailed."""
        kept = self._metadata
        if kept is None or fresh or time.monotonic() - kept[0] > KEPT_SECONDS:
            kept = self._metadata = (time.monotonic(), self._described())
        return kept[1]

    def keys(self, *, fresh: bool = False) -> KeySet:
        """The keys that it signs with. Raises ProviderSignInFailed."""
        kept = self._keys
        if kept is None or fresh or time.monotonic() - kept[0] > KEPT_SECONDS:
            kept = self._keys = (time.monotonic(), self._key_set())
        return kept[1]

    def _described(self) -> ProviderMetadata:
        issuer = self._settings.oidc_issuer
        found = self._fetched(issuer.rstrip("/") + _PATH)
        if found.get("issuer") != issuer:
            raise failures.misconfigured(f"it calls itself {str(found.get('issuer'))[:200]!r}, not {issuer!r}")
        for name in (*_ENDPOINTS, *_OPTIONAL_ENDPOINTS):
            self._check_endpoint(name, found.get(name), needed=name in _ENDPOINTS)
        named = {name: str(found.get(name) or "") for name in (*_ENDPOINTS, *_OPTIONAL_ENDPOINTS)}
        return ProviderMetadata(
            **named,
            algorithms=_words(found.get("id_token_signing_alg_values_supported")),
            auth_methods=_words(found.get("token_endpoint_auth_methods_supported")) or ("client_secret_basic",),
            names_itself=found.get("authorization_response_iss_parameter_supported") is True,
        )

    def _check_endpoint(self, name: str, address: Any, *, needed: bool) -> None:
        if not address and not needed:
            return
        scheme = urlsplit(address).scheme if isinstance(address, str) else ""
        allowed = ("https",) if self._settings.oidc_issuer.startswith("https://") else ("https", "http")
        if scheme not in allowed:
            raise failures.misconfigured(f"its {name} is {str(address)[:200]!r}")

    def _key_set(self) -> KeySet:
        try:
            return KeySet.import_key_set(self._fetched(self.metadata().jwks_uri))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as problem:
            raise failures.unreachable(f"its keys can't be read: {type(problem).__name__}") from None

    def _fetched(self, address: str) -> dict[str, Any]:
        settings = self._settings
        try:
            with session_with(settings.oidc_client_id, "", settings.provider_timeout_seconds) as session:
                answer = session.get(address, withhold_token=True, headers={"Accept": "application/json"})
                answer.raise_for_status()
                found = answer.json()
        except (RequestException, ValueError) as problem:
            raise failures.unreachable(f"{address}: {type(problem).__name__}") from None
        if not isinstance(found, dict):
            raise failures.unreachable(f"{address}: no JSON object")
        return found


def _words(value: Any) -> tuple[str, ...] | None:
    return tuple(str(each) for each in value) if isinstance(value, list) else None
