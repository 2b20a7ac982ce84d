"""Settings: environment variables, also from `.env`; typed, and every problem reported at once by its name."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit

from pydantic import ValidationError, model_validator
from pydantic_settings import SettingsConfigDict

from webapp.domain.money.money import exponent
from webapp.domain.outbox.addresses import networks
from webapp.settings_parts import redis_address
from webapp.settings_parts.evidence_store import Bucket, EvidenceStore
from webapp.settings_parts.keeping import KeepingSettings
from webapp.settings_parts.money import MoneySettings
from webapp.settings_parts.oidc import OidcSettings
from webapp.settings_parts.outgoing import OutgoingSettings
from webapp.settings_parts.provider_keys import ProviderKeySettings
from webapp.settings_parts.servers import DEVELOPMENT_KEY, ServerSettings

KEY_FILE = "secret_key"
"""In the folder for data: the key that `desk up` made for itself where none is set."""
SANDBOX_FILE = "sandbox.json"
"""In the folder for data: how the sandbox that `desk up` started is reached, while it runs."""

_BACKUP_KEY = re.compile(r"AGE-SECRET-KEY-1[AC-HJ-NP-Z02-9]{58}")


class SettingsProblem(Exception):
    """The settings can't be used; `problems` holds one line per variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(OidcSettings, OutgoingSettings, ProviderKeySettings, KeepingSettings, MoneySettings, ServerSettings):
    """Everything that can be set from outside. Amounts are in minor units once read.

    Lists of settings begin with the last of these groups: that is the order of pydantic.
    """

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", populate_by_name=True)

    @property
    def database_address(self) -> str:
        """The database's URL; SQLite in the folder for data when none is set."""
        return self.database_url or f"sqlite:///{self.var_dir.resolve() / 'desk.sqlite3'}"

    @property
    def evidence_folder(self) -> Path:
        """Where files of evidence lie, unless a bucket is set."""
        return self.var_dir / "evidence"

    @property
    def evidence_store(self) -> EvidenceStore:
        """That folder, or the bucket where they lie instead, so that several hosts share them."""
        if not self.evidence_bucket:
            return self.evidence_folder
        name, _, prefix = self.evidence_bucket.partition("/")
        prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        return Bucket(name, prefix, self.s3_endpoint, self.s3_region, self.s3_access_key, self.s3_secret_key)

    @property
    def archive_folder(self) -> Path:
        """Where archives lie."""
        return self.var_dir / "archive"

    @property
    def backup_folder(self) -> Path:
        """Where backups lie; in the folder for data when none is set."""
        return self.backup_dir or self.var_dir / "backups"

    @property
    def backup_keys(self) -> list[str]:
        """The present and the former keys of encrypted backups; none when they are not encrypted."""
        return [key for key in (self.backup_key, *self.backup_key_fallbacks) if key]

    @property
    def public_address(self) -> str:
        """How people reach the desk, without a slash at its end."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def public_origin(self) -> str:
        """Scheme, host and port by which browsers know the desk: passkeys are bound to them."""
        if self.is_production and not self.public_url:
            return f"https://{self.trusted_hosts[0].lstrip('.').lower()}"
        parts = urlsplit(self.public_address)
        port = "" if parts.port in (None, {"http": 80, "https": 443}.get(parts.scheme)) else f":{parts.port}"
        return f"{parts.scheme}://{parts.hostname}{port}"

    @property
    def redis_socket(self) -> Path:
        """Where the embedded Redis listens."""
        return self.var_dir.resolve() / "redis" / "redis.sock"

    @property
    def redis_address(self) -> str:
        """The URL of Redis; the embedded one's socket when none is set."""
        return self.redis_url or f"unix://{quote(str(self.redis_socket))}"

    @property
    def audit_key(self) -> bytes:
        """The key that seals the audit trail, derived from the secret key."""
        return derived(self.secret_key, "audit")

    @property
    def request_keys(self) -> list[bytes]:
        """The present and the former keys under which requests are compared."""
        return [derived(key, "requests") for key in (self.secret_key, *self.secret_key_fallbacks)]

    @property
    def encryption_keys(self) -> list[bytes]:
        """The present and the former keys under which secrets are encrypted at rest."""
        return [derived(key, "sealing") for key in (self.secret_key, *self.secret_key_fallbacks)]

    @property
    def form_keys(self) -> list[bytes]:
        """The present and the former keys under which an unsent form travels through the sign-in."""
        return [derived(key, "forms") for key in (self.secret_key, *self.secret_key_fallbacks)]

    @property
    def sign_in_keys(self) -> list[bytes]:
        """The present and the former keys under which a sign-in that is under way at the identity provider is kept."""
        return [derived(key, "sign-in") for key in (self.secret_key, *self.secret_key_fallbacks)]

    @property
    def link_key(self) -> bytes:
        """The key by which the link of a letter is made when the letter is sent."""
        return derived(self.secret_key, "links")

    @property
    def audit_keys(self) -> list[bytes]:
        """The present and the former sealing keys, those among them that read nothing else any more."""
        return [*self.audit_keys_in_use, *(derived(key, "audit") for key in self.audit_key_fallbacks)]

    @property
    def audit_keys_in_use(self) -> list[bytes]:
        """The sealing keys of the secret keys that read stored secrets."""
        return [derived(key, "audit") for key in (self.secret_key, *self.secret_key_fallbacks)]

    @property
    def is_production(self) -> bool:
        """Whether this is the real thing."""
        return self.env == "production"

    @property
    def has_own_secret(self) -> bool:
        """Whether the secret key is not the one that everybody knows."""
        return self.secret_key != DEVELOPMENT_KEY

    @model_validator(mode="after")
    def _take_kept_secret(self) -> Self:
        kept = self.var_dir / KEY_FILE
        if not self.has_own_secret and not self.is_production and kept.is_file():
            self.secret_key = kept.read_text().strip()
            self._taken_from["secret_key"] = str(kept)
        return self

    @model_validator(mode="after")
    def _take_sandbox(self) -> Self:
        kept = self.var_dir / SANDBOX_FILE
        if not self.is_production and kept.is_file():
            for name, value in json.loads(kept.read_text()).items():
                if name not in self.model_fields_set:
                    setattr(self, name, value)
                    self._taken_from[name] = str(kept)
        return self

    @model_validator(mode="after")
    def _production_is_real(self) -> Self:
        problems = [*self._unreal(), *self._unknown_currencies(), *self._unknown_networks(), *self._oidc()]
        if self.database_replica_url and not (
            self.database_url.startswith("postgresql") and self.database_replica_url.startswith("postgresql")
        ):
            problems.append("DATABASE_REPLICA_URL: PostgreSQL alone has standbys; set DATABASE_URL to the primary too")
        problems += [*self._unusable_redis(), *self._unusable_backup_keys()]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _unreal(self) -> list[str]:
        if not self.is_production:
            return []
        checks = {
            "SECRET_KEY: set one of at least 32 characters for production": len(self.secret_key) < 32
            or not self.has_own_secret,
            "DATABASE_URL: production needs PostgreSQL": not self.database_url.startswith("postgresql"),
            "REDIS_URL: production needs a Redis of its own, not the embedded one": not self.redis_url,
            "PAYSTACK_SECRET_KEY_FALLBACKS: leave keys of its test mode out, which sign no real money": any(
                key.startswith("sk_test_") for key in self.paystack_secret_key_fallbacks
            ),
            "TRUSTED_HOSTS: name the hosts this desk answers to": not self.trusted_hosts,
        }
        return [problem for problem, wrong in checks.items() if wrong]

    def _oidc(self) -> list[str]:
        problems = self.oidc_problems(in_production=self.is_production)
        if self.has_identity_provider and self.is_production and not self.public_url:
            problems.append("PUBLIC_URL: set it too: the identity provider sends people back to it")
        return problems

    def _unusable_backup_keys(self) -> list[str]:
        named = [("BACKUP_KEY", self.backup_key), *(("BACKUP_KEY_FALLBACKS", key) for key in self.backup_key_fallbacks)]
        wrong = {name for name, key in named if key and not _BACKUP_KEY.fullmatch(key)}
        return [f"{name}: use a key such as `desk backup --new-key` makes, AGE-SECRET-KEY-1…" for name in sorted(wrong)]

    def _unusable_redis(self) -> list[str]:
        try:
            redis_address.sentinels(self.redis_url)
        except ValueError as problem:
            return [f"REDIS_URL: {problem}"]
        return []

    def _unknown_networks(self) -> list[str]:
        try:
            networks(self.webhook_private_addresses)
        except ValueError as unknown:
            return [f"WEBHOOK_PRIVATE_ADDRESSES: {unknown}"]
        return []

    def _unknown_currencies(self) -> list[str]:
        problems = []
        for name in ("approval_limits", "auto_deduct_minimum_balance", "default_currency"):
            named = getattr(self, name)
            for currency in [named] if isinstance(named, str) else named:
                try:
                    exponent(currency)
                except ValueError as unknown:
                    problems.append(f"{name.upper()}: {unknown}")
        return problems


def derived(secret: str, purpose: str) -> bytes:
    """A key for one purpose from the secret key, so that no two uses share one."""
    return hashlib.sha256(f"escrow-desk|{purpose}|{secret}".encode()).digest()


def load_settings(**given: Any) -> Settings:
    """Read the settings; raises SettingsProblem with every problem at once."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsProblem(in_lines(error)) from None


def in_lines(error: ValidationError) -> list[str]:
    """What is wrong with settings, one line per variable."""
    return [line for found in error.errors() for line in _lines(found)]


def _lines(error: Any) -> list[str]:
    message = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return str(message).splitlines()
    name = str(error["loc"][0]).upper()
    return [f"{'DESK_ENV' if name == 'ENV' else name}: {message}"]
