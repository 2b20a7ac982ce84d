"""Signing in through the identity provider: where to send the browser, and what its return says about a person."""

import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from authlib.common.security import generate_token
from authlib.common.urls import add_params_to_uri
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from requests.exceptions import RequestException

from webapp.providers.oidc import failures
from webapp.providers.oidc.discovery import Discovery, ProviderMetadata
from webapp.providers.oidc.id_tokens import checked_claims
from webapp.providers.oidc.identity import Attempt, Identity
from webapp.providers.oidc.transport import session_with
from webapp.settings import Settings

_DECLINED = (
    "access_denied",
    "login_required",
    "interaction_required",
    "consent_required",
    "account_selection_required",
)
_AWAY = ("server_error", "temporarily_unavailable")


class IdentityProvider:
    """The provider of OIDC_ISSUER. Use it outside transactions only."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.discovery = Discovery(settings)

    def authorization(self, redirect_uri: str, *, again: bool = False) -> tuple[str, Attempt]:
        """Where the browser goes, and what is kept until it is back; `again` has the person asked anew."""
        metadata, attempt = (
            self.discovery.metadata(),
            Attempt(generate_token(48), generate_token(48), generate_token(64)),
        )
        more = {"prompt": "login", "max_age": "0"} if again else {}
        with self._session(metadata) as session:
            address, _state = session.create_authorization_url(
                metadata.authorization_endpoint,
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
                redirect_uri=redirect_uri,
                scope=" ".join(self._settings.oidc_scopes),
                **more,
            )
        return address, attempt

    def code(self, answer: Mapping[str, str], attempt: Attempt | None) -> str:
        """What the answer of the provider is worth a question: its code. Raises ProviderSignInFailed."""
        if attempt is None or not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise failures.not_from_here()
        self._check_issuer(answer.get("iss"), self.discovery.metadata())
        if error := answer.get("error"):
            raise _failure_of(error)
        return answer.get("code", "")

    def identity(self, code: str, attempt: Attempt, redirect_uri: str) -> Identity:
        """Who has come back with this code, by asking the provider. Raises ProviderSignInFailed."""
        metadata = self.discovery.metadata()
        try:
            with self._session(metadata) as session:
                token = session.fetch_token(
                    metadata.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=attempt.verifier,
                    redirect_uri=redirect_uri,
                )
                claims = checked_claims(token, attempt.nonce, self.discovery, self._settings)
                claims = claims | self._more(session, metadata, claims)
        except OAuthError as refused:
            raise _refused_code(str(refused.error)) from None
        except (RequestException, ValueError, TypeError) as problem:
            raise failures.unreachable(f"{metadata.token_endpoint}: {type(problem).__name__}") from None
        return self._read(claims, str(token["id_token"]))

    def logout_address(self, id_token: str, back: str) -> str | None:
        """Where the person signs out at the provider too; None when it offers nothing of the kind."""
        metadata = self.discovery.metadata()
        if not metadata.end_session_endpoint:
            return None
        known = {
            "id_token_hint": id_token,
            "post_logout_redirect_uri": back,
            "client_id": self._settings.oidc_client_id,
        }
        return str(add_params_to_uri(metadata.end_session_endpoint, list(known.items())))

    def check(self) -> int:
        """Ask the provider anew for its description and its keys; how many are for signatures. For the doctor."""
        self.discovery.metadata(fresh=True)
        usable = [key for key in self.discovery.keys(fresh=True).keys if key.key_type != "oct"]
        return sum(key.get("use") in (None, "sig") for key in usable)

    def _session(self, metadata: ProviderMetadata) -> Any:
        settings = self._settings
        methods = metadata.auth_methods
        method = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
        return session_with(
            settings.oidc_client_id,
            settings.oidc_client_secret,
            settings.provider_timeout_seconds,
            token_endpoint_auth_method=method,
        )

    def _check_issuer(self, named: str | None, metadata: ProviderMetadata) -> None:
        if named is None and not metadata.names_itself:
            return
        if named != self._settings.oidc_issuer:
            raise failures.other_issuer()

    def _more(self, session: OAuth2Session, metadata: ProviderMetadata, claims: Mapping[str, Any]) -> dict[str, Any]:
        """What the ID token leaves out, from the provider's userinfo; it is about the same person or not used."""
        settings = self._settings
        asked = (settings.oidc_email_claim, settings.oidc_email_verified_claim, settings.oidc_roles_claim)
        wanted = [name for name in asked if name]
        if not metadata.userinfo_endpoint or all(_claim(claims, name) is not None for name in wanted):
            return {}
        answer = session.get(metadata.userinfo_endpoint, headers={"Accept": "application/json"})
        answer.raise_for_status()
        found = answer.json()
        if not isinstance(found, dict) or found.get("sub") != claims["sub"]:
            raise failures.not_believed("userinfo is about somebody else")
        return {name: value for name, value in found.items() if name not in claims}

    def _read(self, claims: Mapping[str, Any], id_token: str) -> Identity:
        settings = self._settings
        email, groups = _claim(claims, settings.oidc_email_claim), _claim(claims, settings.oidc_roles_claim)
        factors = [claims.get("acr"), *_texts(claims.get("amr"))]
        authenticated = claims.get("auth_time")
        return Identity(
            issuer=settings.oidc_issuer,
            subject=str(claims["sub"]),
            email=email.strip().lower() if isinstance(email, str) else "",
            is_email_verified=_is_true(_claim(claims, settings.oidc_email_verified_claim)),
            name=str(claims.get("name") or claims.get("preferred_username") or ""),
            groups=None if groups is None else tuple(_texts(groups)),
            second_factor=next((value for value in factors if value in settings.oidc_second_factor), None),
            authenticated_at=None if authenticated is None else _instant(authenticated),
            id_token=id_token,
        )


def _failure_of(error: str) -> failures.ProviderSignInFailed:
    """What the provider's own word for an error means (RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6)."""
    code = error[:80]
    if code in _DECLINED:
        return failures.declined(code)
    return failures.unreachable(code) if code in _AWAY else failures.misconfigured(code)


def _refused_code(error: str) -> failures.ProviderSignInFailed:
    """The provider gave no token for the code (RFC 6749 5.2)."""
    return failures.spent() if error == "invalid_grant" else failures.misconfigured(error[:80])


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name; `realm_access.roles` is found inside of objects where no claim has the whole name."""
    if name in claims or not name:
        return claims.get(name)
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _texts(value: Any) -> list[str]:
    """One text, or the texts of a list."""
    if isinstance(value, str):
        return [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, Sequence) else []


def _is_true(value: Any) -> bool:
    """Whether a claim says yes: JSON's true, or the texts that some providers write."""
    return value is True or value in ("true", "1")


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
