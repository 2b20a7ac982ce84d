"""Settings of the sign-in through a company's own identity provider (OpenID Connect). Nothing is set by default."""

import json
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from webapp.domain.permissions import ROLES
from webapp.settings_parts.secret_files import SettingsWithFiles

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_WITH_THE_ISSUER = ("oidc_client_id", "oidc_client_secret")


def split_words(value: Any) -> Any:
    """`one,two` as a list."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _pairs(value: Any) -> Any:
    """`desk-admins=admin,finance=approver`, or a JSON object where the names have commas."""
    if not isinstance(value, str):
        return value
    if value.strip().startswith("{"):
        found = json.loads(value)
        return {str(group): str(role) for group, role in found.items()}
    parts = [pair.rpartition("=") for pair in split_words(value)]
    if not all(sign for _group, sign, _role in parts):
        raise ValueError("write pairs such as desk-admins=admin,finance=approver")
    return {group.strip(): role.strip() for group, _sign, role in parts}


Words = Annotated[list[str], NoDecode, BeforeValidator(split_words)]
RoleOfGroup = Annotated[dict[str, str], NoDecode, BeforeValidator(_pairs)]


class OidcSettings(SettingsWithFiles):
    """What an operator sets so that people sign in through an identity provider."""

    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_scopes: Words = ["openid", "email", "profile"]
    oidc_label: str = Field("Sign in with your company account", min_length=1, max_length=60)
    oidc_email_claim: str = Field("email", min_length=1)
    oidc_email_verified_claim: str = Field("email_verified", min_length=1)
    oidc_email_domains: Words = []
    oidc_create_people: bool = False
    oidc_roles_claim: str = ""
    oidc_roles: RoleOfGroup = {}
    oidc_default_roles: Words = []
    oidc_second_factor: Words = []
    password_sign_in: bool = True

    @property
    def has_identity_provider(self) -> bool:
        """Whether people may sign in through one."""
        return bool(self.oidc_issuer)

    def oidc_problems(self, *, in_production: bool) -> list[str]:
        """What is set by halves, a sentence for each."""
        if not self.has_identity_provider:
            return self._set_without_an_issuer()
        missing = [
            f"{name.upper()}: set it too: OIDC_ISSUER is set" for name in _WITH_THE_ISSUER if not _of(self, name)
        ]
        return [*missing, *self._wrong_issuer(in_production), *self._wrong_scopes(), *self._wrong_roles()]

    def _set_without_an_issuer(self) -> list[str]:
        own = OidcSettings.model_fields
        named = [name for name in own if name.startswith("oidc_") and _of(self, name) != own[name].default]
        problems = [
            f"{name.upper()}: set OIDC_ISSUER too, or leave it out: without an issuer it does nothing" for name in named
        ]
        if not self.password_sign_in:
            problems.append("PASSWORD_SIGN_IN: set OIDC_ISSUER too: without passwords nobody could sign in otherwise")
        return problems

    def _wrong_issuer(self, in_production: bool) -> list[str]:
        parts = urlsplit(self.oidc_issuer)
        is_safe = parts.scheme == "https" or (
            parts.scheme == "http" and parts.hostname in _LOOPBACK and not in_production
        )
        if not is_safe or not parts.hostname or parts.username or parts.query or parts.fragment:
            return [
                "OIDC_ISSUER: write the issuer's address as the provider does, beginning with https:// (http:// only "
                "for this machine, and not in production)"
            ]
        return []

    def _wrong_scopes(self) -> list[str]:
        return [] if "openid" in self.oidc_scopes else ["OIDC_SCOPES: openid has to be among them"]

    def _wrong_roles(self) -> list[str]:
        unknown = sorted({*self.oidc_roles.values(), *self.oidc_default_roles} - set(ROLES))
        problems = [
            f"OIDC_ROLES, OIDC_DEFAULT_ROLES: there is no role {role}; there are {', '.join(ROLES)}" for role in unknown
        ]
        if bool(self.oidc_roles_claim) != bool(self.oidc_roles):
            problems.append(
                "OIDC_ROLES_CLAIM, OIDC_ROLES: set both or neither: one says where the groups are, one what they mean"
            )
        if self.oidc_create_people and not (self.oidc_roles_claim or self.oidc_default_roles):
            problems.append("OIDC_CREATE_PEOPLE: set OIDC_DEFAULT_ROLES or OIDC_ROLES_CLAIM too: people need a role")
        return problems


def _of(settings: OidcSettings, name: str) -> Any:
    return getattr(settings, name)
