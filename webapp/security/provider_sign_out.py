"""Signing out at the identity provider too, for whom the desk has just signed out (RP-initiated logout)."""

from flask import url_for

from webapp import logs
from webapp.providers.oidc.failures import ProviderSignInFailed
from webapp.security.context import current_principal, runtime
from webapp.services.users import identities


def logout_address() -> str | None:
    """Where whoever asks can sign out at the provider; None when they did not come through it, or it offers nothing.

    Ask before the sign-in ends: afterwards nobody is known.
    """
    settings, principal = runtime().settings, current_principal()
    if not settings.has_identity_provider or principal is None or principal.user is None or principal.session is None:
        return None
    if principal.session.method != "identity_provider":
        return None
    with runtime().db.reading() as db:
        id_token = identities.last_id_token(db, principal.user.id, settings)
    try:
        back = settings.public_address + url_for("security.sign_in")
        return runtime().identity_provider.logout_address(id_token, back) if id_token else None
    except ProviderSignInFailed as failure:
        logs.get_logger().warning("sign_out.provider_failed", reason=failure.reason, problem=failure.problem)
        return None
