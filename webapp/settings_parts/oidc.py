"""Settings of the sign-in through a company's own identity provider (OpenID Connect). Nothing is set by default."""

from typing import Any
from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from webapp.domain.permissions import ROLES
from webapp.settings_parts.kinds import RoleOfGroup, Words
from webapp.settings_parts.secret_files import SettingsWithFiles

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_WITH_THE_ISSUER = ("oidc_client_id", "oidc_client_secret")


class OidcSettings(SettingsWithFiles):
    """What an operator sets so that people sign in through an identity provider."""

    model_config = SettingsConfigDict(title="Signing in through an identity provider")

    oidc_issuer: str = Field(
        "",
        description=(
            "turns the sign-in through a company's own identity provider on (OpenID Connect): its issuer, as it "
            "writes itself"
        ),
    )
    oidc_client_id: str = Field(
        "",
        description="the desk as the provider's client: its name there",
    )
    oidc_client_secret: str = Field(
        "",
        description="the desk as the provider's client: its secret there",
    )
    oidc_scopes: Words = Field(
        ["openid", "email", "profile"],
        description="what the provider is asked for",
    )
    oidc_label: str = Field(
        "Sign in with your company account",
        min_length=1,
        max_length=60,
        description="what stands on the button",
    )
    oidc_email_claim: str = Field(
        "email",
        min_length=1,
        description="which claim is the address",
    )
    oidc_email_verified_claim: str = Field(
        "email_verified",
        min_length=1,
        description="which claim says that the address is verified",
    )
    oidc_email_domains: Words = Field(
        [],
        description="domains whose addresses are let in",
        json_schema_extra={"when_unset": "all"},
    )
    oidc_create_people: bool = Field(
        False,
        description="`true`: who is unknown is added at the first sign-in; else an administrator adds people before",
    )
    oidc_roles_claim: str = Field(
        "",
        description="the claim with a person's groups; `OIDC_ROLES` says what they mean",
    )
    oidc_roles: RoleOfGroup = Field(
        {},
        description="what the groups mean here. At each sign-in the person gets exactly these roles",
        json_schema_extra={"form": "pairs such as `desk-admins=admin,finance=approver`, or a JSON object"},
    )
    oidc_default_roles: Words = Field(
        [],
        description=(
            "roles of who is added, or has no group with a role; without them such a person is refused where "
            "`OIDC_ROLES_CLAIM` is set"
        ),
    )
    oidc_second_factor: Words = Field(
        [],
        description=("values of `acr` or `amr` that count as the desk's second factor; none: the desk asks its own"),
        json_schema_extra={"when_unset": "the desk asks its own"},
    )
    password_sign_in: bool = Field(
        True,
        description=(
            "`false`: people sign in through the identity provider only; docs/handbook.md says what to do when it is "
            "away"
        ),
    )

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
