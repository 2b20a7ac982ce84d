"""A sign-in under way at the identity provider, and what came of it."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in under way: what only this browser and this desk know of it."""

    state: str
    nonce: str
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says that it is."""

    issuer: str
    subject: str
    email: str
    is_email_verified: bool
    name: str
    groups: tuple[str, ...] | None
    """None when the claim of OIDC_ROLES_CLAIM is missing."""
    second_factor: str | None
    """The value of `acr` or `amr` that OIDC_SECOND_FACTOR names; None when there is none."""
    authenticated_at: datetime | None
    id_token: str = field(repr=False)
