"""The desk as WebAuthn's relying party: what browsers are asked, and whether what devices signed is right.

The library is imported where it is used: it takes a sixth of a second, and most processes never see a passkey.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from webapp.domain.words import phrase
from webapp.errors import Invalid
from webapp.models import Passkey, User
from webapp.settings import Settings

if TYPE_CHECKING:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

NAME = "Escrow Desk"
_TIMEOUT = 120_000
"""Milliseconds that a browser gives the person."""
_LONGEST_ID = 1023
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What the library's readers raise besides its own errors when a browser sends something else than a credential."""
_UNFIT = phrase("The passkey's answer does not fit what was asked. Try it once more.")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Registered:
    """A credential that a device has just made."""

    credential_id: str
    public_key: str
    sign_count: int
    transports: list[str]


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Whom passkeys belong to: a host, and the one origin at which they are used."""

    host: str
    origin: str

    @classmethod
    def of(cls, settings: Settings) -> "RelyingParty":
        """The desk at its public address."""
        return cls(urlsplit(settings.public_origin).hostname or "", settings.public_origin)

    def creation_options(self, user: User, existing: Sequence[Passkey], challenge: bytes) -> str:
        """What `navigator.credentials.create` is given, as JSON; a device that has one of the existing makes none."""
        import webauthn
        from webauthn.helpers.structs import (
            AuthenticatorSelectionCriteria,
            ResidentKeyRequirement,
            UserVerificationRequirement,
        )

        options = webauthn.generate_registration_options(
            rp_id=self.host,
            rp_name=NAME,
            user_id=f"user:{user.id}".encode(),
            user_name=user.email,
            user_display_name=user.name,
            challenge=challenge,
            timeout=_TIMEOUT,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED,
                user_verification=UserVerificationRequirement.PREFERRED,
            ),
            exclude_credentials=[_descriptor(passkey) for passkey in existing],
        )
        return webauthn.options_to_json(options)

    def request_options(self, passkeys: Sequence[Passkey], challenge: bytes, *, user_verification: bool) -> str:
        """What `navigator.credentials.get` is given, as JSON; with verification the device asks who it is."""
        import webauthn
        from webauthn.helpers.structs import UserVerificationRequirement as Verification

        options = webauthn.generate_authentication_options(
            rp_id=self.host,
            challenge=challenge,
            timeout=_TIMEOUT,
            allow_credentials=[_descriptor(passkey) for passkey in passkeys],
            user_verification=Verification.REQUIRED if user_verification else Verification.PREFERRED,
        )
        return webauthn.options_to_json(options)

    def registered(self, credential: str, challenge: bytes) -> Registered:
        """The credential that was made for this challenge, at this origin. Raises Invalid."""
        import webauthn
        from webauthn.helpers import bytes_to_base64url, parse_registration_credential_json

        def read() -> Registered:
            parsed = parse_registration_credential_json(credential)
            found = webauthn.verify_registration_response(
                credential=parsed,
                expected_challenge=challenge,
                expected_rp_id=self.host,
                expected_origin=self.origin,
            )
            if len(found.credential_id) > _LONGEST_ID:
                raise ValueError("a credential's id has at most 1,023 bytes")
            transports = {str(each.value) for each in parsed.response.transports or ()}
            return Registered(
                bytes_to_base64url(found.credential_id),
                bytes_to_base64url(found.credential_public_key),
                found.sign_count,
                sorted(transports),
            )

        return _checked(read)

    def sign_count(self, assertion: str, challenge: bytes, passkey: Passkey, *, user_verification: bool) -> int:
        """What the device's counter says in an assertion that this passkey signed, for this challenge, at this origin.

        Raises Invalid for any other. Whether the counter rose is the caller's to judge.
        """
        import webauthn

        def read() -> int:
            return webauthn.verify_authentication_response(
                credential=assertion,
                expected_challenge=challenge,
                expected_rp_id=self.host,
                expected_origin=self.origin,
                credential_public_key=webauthn.base64url_to_bytes(passkey.public_key),
                credential_current_sign_count=0,
                require_user_verification=user_verification,
            ).new_sign_count

        return _checked(read)


def credential_id_of(assertion: str) -> str:
    """Which credential an assertion says it is of; nothing of it is checked. Raises Invalid."""
    from webauthn.helpers import bytes_to_base64url, parse_authentication_credential_json

    return _checked(lambda: bytes_to_base64url(parse_authentication_credential_json(assertion).raw_id))


def _descriptor(passkey: Passkey) -> "PublicKeyCredentialDescriptor":
    from webauthn import base64url_to_bytes
    from webauthn.helpers.structs import AuthenticatorTransport, PublicKeyCredentialDescriptor

    transports = [AuthenticatorTransport(each) for each in passkey.transports]
    return PublicKeyCredentialDescriptor(id=base64url_to_bytes(passkey.credential_id), transports=transports)


def _checked(read: Callable[[], T]) -> T:
    """What was read. Raises Invalid where the library refuses, or can't read, what a browser sent."""
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        return read()
    except (WebAuthnException, *_UNREADABLE) as problem:
        raise Invalid(_UNFIT, fields={"credential": _UNFIT}) from problem
