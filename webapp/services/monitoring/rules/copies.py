"""The alert rule about a desk that may be a copy of another."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.services.alerts.registry import Answer, rule
from webapp.services.common import instance
from webapp.settings import Settings


@rule(severity="page")
def may_be_a_copy(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """This database may be a copy of the one that this host belongs to: nothing leaves it."""
    if sentence := instance.mismatch(session):
        yield "instance", sentence
