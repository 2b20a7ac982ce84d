"""How each provider is: configured or what is missing, its circuit, its last answer, its token. Asks nobody."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import ProviderState, ProviderToken
from webapp.providers import key_modes
from webapp.providers.blnk import provider as blnk
from webapp.providers.flutterwave import common as flutterwave
from webapp.providers.flutterwave.oauth_token import TOKEN_NAME
from webapp.providers.http.circuit_breaker import FAILURES
from webapp.providers.paystack import provider as paystack
from webapp.services.monitoring import unreal_answers
from webapp.settings import Settings

OPEN_TOO_LONG = timedelta(minutes=2)


@dataclass(frozen=True)
class Wiring:
    """What of a provider is set. `missing` names the variables without which it is off."""

    name: str
    used_as: str
    missing: tuple[str, ...]
    lacking: tuple[str, ...] = ()
    """Variables without which its webhooks are refused."""
    unreal: str = ""
    """What is wrong, when its key is one of its test mode, or it answers from there, and this desk is in production."""

    @property
    def is_configured(self) -> bool:
        """Whether the desk talks to it."""
        return not self.missing


@dataclass(frozen=True)
class ProviderHealth:
    """One line to a provider. `state` is None when it was never asked."""

    wiring: Wiring
    line: str
    state: ProviderState | None
    token: ProviderToken | None

    @property
    def is_failing(self) -> bool:
        """Whether its circuit is open: it is left alone for a moment, then tried once."""
        return self.wiring.is_configured and self.state is not None and self.state.opened_at is not None


def wirings(settings: Settings) -> list[Wiring]:
    """Every provider there is code for."""
    unreal = {name: key_modes.in_words(name, variable) for name, variable in key_modes.of(settings).items()}
    found = [_paystack(settings), _flutterwave(settings), _blnk(settings)]
    return [replace(each, unreal=unreal.get(each.name, "")) for each in found]


def health(session: Session, settings: Settings) -> list[ProviderHealth]:
    """Every provider, as the database knows it; a provider of tokens is a line of its own."""
    states = {row.provider: row for row in session.scalars(select(ProviderState))}
    token = session.get(ProviderToken, flutterwave.NAME)
    found: list[ProviderHealth] = []
    heard = unreal_answers.heard(session, settings)
    for known in wirings(settings):
        wiring = replace(known, unreal=known.unreal or heard.get(known.name, ""))
        with_token = wiring.name == flutterwave.NAME and wiring.used_as == "v4"
        found.append(ProviderHealth(wiring, wiring.name, states.get(wiring.name), token if with_token else None))
        if with_token:
            found.append(ProviderHealth(wiring, TOKEN_NAME, states.get(TOKEN_NAME), None))
    return found


def unwell(session: Session, settings: Settings, at: datetime) -> list[ProviderState]:
    """Those whose circuit is open although they were tried again, and that have not answered for two minutes."""
    failing = [each.state for each in health(session, settings) if each.is_failing and each.state is not None]
    tried = [state for state in failing if state.failures > FAILURES]
    return [state for state in tried if state.last_ok_at is None or at - state.last_ok_at > OPEN_TOO_LONG]


def _paystack(settings: Settings) -> Wiring:
    missing = () if settings.paystack_secret_key else ("PAYSTACK_SECRET_KEY",)
    return Wiring(paystack.NAME, "", missing)


def _flutterwave(settings: Settings) -> Wiring:
    """v4 by its client, else v3 by its secret key; half a client is nothing."""
    pair = {
        "FLUTTERWAVE_CLIENT_ID": settings.flutterwave_client_id,
        "FLUTTERWAVE_CLIENT_SECRET": settings.flutterwave_client_secret,
    }
    missing = tuple(name for name, value in pair.items() if not value)
    lacking = () if settings.flutterwave_webhook_secret else ("FLUTTERWAVE_WEBHOOK_SECRET",)
    if not missing:
        return Wiring(flutterwave.NAME, "v4", (), lacking)
    if settings.flutterwave_secret_key:
        return Wiring(flutterwave.NAME, "v3", (), lacking)
    return Wiring(flutterwave.NAME, "", (*missing, "FLUTTERWAVE_SECRET_KEY"))


def _blnk(settings: Settings) -> Wiring:
    if settings.ledger != blnk.NAME:
        return Wiring(blnk.NAME, "", ("LEDGER",))
    return Wiring(blnk.NAME, "", (), () if settings.blnk_webhook_secret else ("BLNK_WEBHOOK_SECRET",))
