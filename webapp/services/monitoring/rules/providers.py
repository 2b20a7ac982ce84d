"""Alert rules about providers: one that fails, and transfers that the external ledger lacks."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.numbers import counted
from webapp.domain.words import phrase
from webapp.services.alerts.registry import Answer, rule
from webapp.services.monitoring import provider_health
from webapp.services.reconciliation import mirror_queue
from webapp.settings import Settings


@rule(severity="page")
def provider_unwell(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """A provider is left alone because it fails, and has not answered for two minutes."""
    for state in provider_health.unwell(session, settings, at):
        yield (
            state.provider,
            phrase(
                "%(provider)s failed %(times)s in a row: %(last_error)s",
                provider=state.provider,
                times=counted(state.failures, "time"),
                last_error=state.last_error,
            ),
        )


@rule(severity="page")
def mirror_given_up(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """The external ledger lacks transfers that are not tried any more."""
    if dead := mirror_queue.dead_letters(session):
        sentence = phrase(
            "Blnk lacks %(transfers)s or more after the last attempt: %(which)s.",
            transfers=counted(len(dead), "transfer"),
            which=", ".join(dead[:3]),
        )
        yield "blnk", sentence, dead
