"""What the identity provider does for who came through it: asks them again, and signs them out there too."""

from typing import NamedTuple

from flask import has_request_context, url_for

from webapp import clock, logs
from webapp.providers.oidc.failures import ProviderSignInFailed
from webapp.security import kept_forms
from webapp.security.context import current_principal, runtime
from webapp.security.principal import Principal
from webapp.services.users import identities, sessions


class Confirmation(NamedTuple):
    """Whether the provider has just asked the person, and where it does, for whom it can."""

    is_fresh: bool
    back_to: str


def confirmation() -> Confirmation | None:
    """How whoever asks may confirm at the provider, in place of a password; None for who did not come through it."""
    principal = current_principal() if has_request_context() else None
    if principal is None or principal.session is None or not _came_through(principal):
        return None
    return Confirmation(sessions.is_confirmed(principal.session, clock.now()), kept_forms.here())


def logout_address() -> str | None:
    """Where whoever asks can sign out at the provider (RP-initiated logout); None where it offers nothing to them.

    Ask before the sign-in ends: afterwards nobody is known.
    """
    settings, principal = runtime().settings, current_principal()
    if principal is None or principal.user is None or not _came_through(principal):
        return None
    with runtime().db.reading() as db:
        id_token = identities.last_id_token(db, principal.user.id, settings)
    try:
        back = settings.public_address + url_for("security.sign_in")
        return runtime().identity_provider.logout_address(id_token, back) if id_token else None
    except ProviderSignInFailed as failure:
        logs.get_logger().warning("sign_out.provider_failed", reason=failure.reason, problem=failure.problem)
        return None


def _came_through(principal: Principal) -> bool:
    here = principal.session
    return here is not None and here.method == "identity_provider" and runtime().settings.has_identity_provider
