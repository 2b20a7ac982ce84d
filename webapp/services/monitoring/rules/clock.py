"""Alert rules about clocks: a machine whose clock is wrong, and what one has left behind."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.alert_definitions import NEXT_SLOT_OFF
from webapp.domain.states import AlertStatus
from webapp.domain.words import phrase
from webapp.models import Alert
from webapp.services.alerts.registry import Answer, rule
from webapp.services.monitoring import clock_skew
from webapp.services.scheduling import next_slots, processes
from webapp.settings import Settings

_MOST = 200


@rule(severity="page")
def clock_off(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """A process's clock is further from the database's than it may be: it runs nothing."""
    patience = timedelta(seconds=settings.silence_seconds)
    for process in processes.off(session, at, patience, clock_skew.most(settings)):
        sentence = clock_skew.in_words(timedelta(milliseconds=process.skew_ms), process.host)
        yield (
            process.name,
            phrase(
                "%(sentence)s. %(name)s runs nothing until both agree: check NTP on %(host)s.",
                sentence=sentence,
                name=process.name,
                host=process.host,
            ),
        )


@rule(severity="page")
def next_slot_off(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """A job's next slot was later than its plan allows, and was put right within the last hour."""
    known = (Alert.rule == NEXT_SLOT_OFF.name, Alert.status != AlertStatus.RESOLVED)
    query = select(Alert.subject, Alert.sentence).where(*known, Alert.fired_at > at - next_slots.ALERT_LASTS)
    for row in session.execute(query.limit(_MOST)):
        yield row.subject, row.sentence
