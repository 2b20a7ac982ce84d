"""The checks of an ID token: signature by the provider's own keys, algorithm, issuer, audience, nonce and times."""

from collections.abc import Mapping
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    ClaimError,
    ExpiredTokenError,
    InvalidClaimError,
    InvalidKeyIdError,
    JoseError,
)
from joserfc.jws import JWSRegistry

from webapp import clock
from webapp.providers.oidc import failures
from webapp.providers.oidc.discovery import Discovery
from webapp.settings import Settings

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""By public keys only: an HMAC would be keyed by the client's secret, and `none` by nothing."""
_TIMES = ("exp", "nbf", "iat")


def checked_claims(token: Mapping[str, Any], nonce: str, discovery: Discovery, settings: Settings) -> dict[str, Any]:
    """The claims of the ID token in the provider's answer. Raises ProviderSignInFailed unless every check holds."""
    text = token.get("id_token")
    if not isinstance(text, str):
        raise failures.not_believed("the answer has no ID token")
    try:
        decoded = _decoded(text, discovery)
        params = {"nonce": nonce, "client_id": settings.oidc_client_id, "access_token": token.get("access_token")}
        options = {
            "iss": {"essential": True, "value": settings.oidc_issuer},
            "aud": {"essential": True, "value": settings.oidc_client_id},
        }
        claims = CodeIDToken(decoded.claims, decoded.header, options, params)
        claims.validate(now=int(clock.now().timestamp()), leeway=failures.LEEWAY_SECONDS)
    except ExpiredTokenError:
        raise failures.clocks_differ() from None
    except InvalidClaimError as wrong:
        raise failures.clocks_differ() if wrong.claim in _TIMES else failures.not_believed(_named(wrong)) from None
    except (JoseError, ValueError, TypeError, KeyError) as wrong:
        raise failures.not_believed(_named(wrong)) from None
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise failures.not_believed("its subject can't be used")
    return dict(claims)


def _decoded(text: str, discovery: Discovery) -> jwt.Token:
    """The token, its signature checked. A key that is not known yet is looked for once more: keys are rotated."""
    advertised = discovery.metadata().algorithms
    allowed = [name for name in ALGORITHMS if advertised is None or name in advertised]
    registry = JWSRegistry(algorithms=allowed, strict_check_header=False)
    try:
        return jwt.decode(text, discovery.keys(), registry=registry)
    except (InvalidKeyIdError, BadSignatureError):
        return jwt.decode(text, discovery.keys(fresh=True), registry=registry)


def _named(wrong: Exception) -> str:
    claim = f" {wrong.claim}" if isinstance(wrong, ClaimError) else ""
    return f"{type(wrong).__name__}{claim}"
