"""Test money in production: told, and never taken for real."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.providers.provider_results import ProviderResponse
from webapp.providers import key_modes
from webapp.services.alerts.registry import Answer, rule
from webapp.services.monitoring.unreal_answers import test_answers
from webapp.settings import Settings


@rule(severity="page")
def test_key_in_production(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """A production desk has the key of a provider's test mode."""
    for provider, variable in key_modes.of(settings).items():
        yield provider, key_modes.in_words(provider, variable)


@rule(severity="page")
def test_answers_in_production(session: Session, at: datetime, settings: Settings) -> Iterator[tuple[str, str]]:
    """A provider answers from its test mode although its key is no test key."""
    yield from test_answers(session, settings).items()


def is_unreal(seen: ProviderResponse, settings: Settings) -> bool:
    """Whether this is a success in a provider's test mode, on a desk where money is real."""
    return seen.is_test and settings.is_production
