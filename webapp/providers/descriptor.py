"""What a provider's package says of itself: all that the desk knows of one company, in one object.

The package of a provider has a module `descriptor` with a `DESCRIPTOR`. Services, jobs, screens and the API ask it, and
name no company. What a provider can do is read off its client: which of the Protocols it has.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic_settings import SettingsConfigDict

from webapp.providers.http.client_factory import ClientFactory
from webapp.providers.webhooks.payloads import WebhookPayload
from webapp.providers.webhooks.signatures import Headers
from webapp.settings import Settings
from webapp.settings_parts.secret_files import SettingsWithFiles


class ProviderSettings(SettingsWithFiles):
    """Settings of one provider, read as the desk's are; their names begin with the provider's."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What of a provider is set."""

    missing: tuple[str, ...] = ()
    """The variables without which it is off."""
    lacking: tuple[str, ...] = ()
    """The variables without which its webhooks are refused."""
    used_as: str = ""
    """Which of its interfaces is used, where it has several."""


@dataclass(frozen=True, slots=True)
class ProviderDescriptor:
    """One provider. Everything here is known without a database and without a network."""

    name: str
    """As it stands in the database, the address of its webhooks, and the metrics."""
    configuration: Callable[[Settings], Configuration]
    connect: Callable[[ClientFactory], Any]
    """Its client. Asked for only when nothing is missing of its configuration; nothing is sent."""
    check_signature: Callable[[bytes, Headers, Settings, datetime], None]
    """Raise NotSigned unless a webhook is its own, by the raw bytes."""
    parse_webhook: Callable[[dict[str, Any], str], WebhookPayload]
    """What a webhook's body is about; the digest of the body is the key of one that has no other."""
    signature_headers: Mapping[str, str]
    """What its webhooks are signed by, for the description of the API."""
    settings: type[ProviderSettings] | None = None
    """Its own settings, where they do not stand in the desk's: checked at the start, and shown with the others."""
    test_key: Callable[[Settings], str] = lambda settings: ""
    """The variable that holds a key of its test mode, where no money is real; empty when none does."""
    collects: bool = True
    """Whether it takes payments: an external ledger does not."""
    refunds: bool = False
    """Whether it gives payments back the way they came."""
    pays_out: bool = False
    collects_twice: bool = False
    """Whether several transactions may succeed under one reference, so that one is meant by its number."""
    page_minutes: Callable[[Settings], int] | None = None
    """For how long a payer may try again at its page, which ends no earlier; None where a failure is the end."""
    token_name: Callable[[Settings], str] = lambda settings: ""
    """The line that is kept of the identity provider whose access tokens it takes; empty without."""
    position: int = field(default=100)
    """Where it stands in lists; equals go by name."""
