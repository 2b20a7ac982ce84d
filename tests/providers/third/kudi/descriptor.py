"""Kudi, as the desk knows it: on when its secret key is set."""

import hashlib
import hmac
from datetime import datetime
from typing import Any

from pydantic import Field

from tests.providers.third.kudi.provider import NAME, Kudi
from webapp.providers.descriptor import Configuration, ProviderDescriptor, ProviderSettings
from webapp.providers.http.answer_kinds import AnswerKind, KnownAnswer, KnownAnswers
from webapp.providers.http.client import bearer
from webapp.providers.http.client_factory import ClientFactory
from webapp.providers.webhooks.payloads import SubjectType, WebhookPayload, text
from webapp.providers.webhooks.signatures import Headers, compare, required
from webapp.settings import Settings

_KEY = "KUDI_SECRET_KEY"
_SIGNATURE = "kudi-signature"
_SUBJECTS = {"payment": SubjectType.PAYMENT, "payout": SubjectType.PAYOUT, "refund": SubjectType.REFUND}


class KudiSettings(ProviderSettings):
    """What of it can be set from outside."""

    kudi_secret_key: str = ""
    kudi_url: str = "https://api.kudi.example"
    kudi_calls_per_minute: int = Field(default=60_000, ge=1)


def _read_error(body: Any) -> tuple[str, str]:
    return ("", str(body.get("error") or "")) if isinstance(body, dict) else ("", "")


_ANSWERS = KnownAnswers(
    (KnownAnswer(AnswerKind.REFUSED, status=422), KnownAnswer(AnswerKind.EXISTS, status=409)),
    _read_error,
    lambda body: isinstance(body, dict),
)


def _configuration(settings: Settings) -> Configuration:
    return Configuration(() if KudiSettings().kudi_secret_key else (_KEY,))


def _connect(factory: ClientFactory) -> Kudi:
    found = KudiSettings()
    headers = bearer(found.kudi_secret_key)
    return Kudi(factory.client(NAME, found.kudi_url, lambda: headers, _ANSWERS, per_minute=found.kudi_calls_per_minute))


def _check_signature(raw: bytes, headers: Headers, settings: Settings, at: datetime) -> None:
    key = required(KudiSettings().kudi_secret_key, _KEY)
    compare(hmac.new(key, raw, hashlib.sha256).hexdigest(), headers.get(_SIGNATURE))


def _parse_webhook(body: dict[str, Any], digest: str) -> WebhookPayload:
    subject = _SUBJECTS.get(text(body, "about"), SubjectType.NOTHING)
    return WebhookPayload(text(body, "event"), digest, subject, text(body, "reference") or None, body)


DESCRIPTOR = ProviderDescriptor(
    NAME,
    _configuration,
    _connect,
    _check_signature,
    _parse_webhook,
    {_SIGNATURE: "Hexadecimal HMAC-SHA256 of the raw body."},
    settings=KudiSettings,
    refunds=True,
    pays_out=True,
)
