"""The identity provider's having asked the person again, in place of a password of the desk."""

from typing import NamedTuple

from flask import has_request_context

from webapp import clock
from webapp.security import kept_forms
from webapp.security.context import current_principal, runtime
from webapp.services.users import sessions


class Confirmation(NamedTuple):
    """Whether the provider has just asked the person, and where it does, for whom it can."""

    is_fresh: bool
    back_to: str


def confirmation() -> Confirmation | None:
    """How whoever asks may confirm at the provider; None for who did not come through it."""
    principal = current_principal() if has_request_context() else None
    here = principal.session if principal is not None else None
    if here is None or here.method != "identity_provider" or not runtime().settings.has_identity_provider:
        return None
    return Confirmation(sessions.is_confirmed(here, clock.now()), kept_forms.here())
