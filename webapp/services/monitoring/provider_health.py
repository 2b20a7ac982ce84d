"""How each provider is: configured or what is missing, its circuit, its last answer, its token. Asks nobody."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import ProviderState, ProviderToken
from webapp.providers import catalogue, key_modes
from webapp.providers.http.circuit_breaker import FAILURES
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
    configurations = ((each.name, each.configuration(settings)) for each in catalogue.every())
    return [
        Wiring(name, found.used_as, found.missing, found.lacking, unreal.get(name, ""))
        for name, found in configurations
    ]


def health(session: Session, settings: Settings) -> list[ProviderHealth]:
    """Every provider, as the database knows it; a provider of tokens is a line of its own."""
    states = {row.provider: row for row in session.scalars(select(ProviderState))}
    tokens = {row.provider: row for row in session.scalars(select(ProviderToken))}
    found: list[ProviderHealth] = []
    unreal = unreal_answers.test_answers(session, settings)
    for known in wirings(settings):
        name, line = known.name, catalogue.get(known.name).token_name(settings)
        wiring = replace(known, unreal=known.unreal or unreal.get(name, ""))
        found.append(ProviderHealth(wiring, name, states.get(name), tokens.get(name) if line else None))
        if line:
            found.append(ProviderHealth(wiring, line, states.get(line), None))
    return found


def unwell(session: Session, settings: Settings, at: datetime) -> list[ProviderState]:
    """Those whose circuit is open although they were tried again, and that have not answered for two minutes."""
    failing = [each.state for each in health(session, settings) if each.is_failing and each.state is not None]
    tried = [state for state in failing if state.failures > FAILURES]
    return [state for state in tried if state.last_ok_at is None or at - state.last_ok_at > OPEN_TOO_LONG]
