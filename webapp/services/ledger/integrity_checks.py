"""Does every book agree? Everything, in one session: for a database that was restored, or a small one."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from webapp.services.ledger import integrity_steps
from webapp.sql import database_now


def checks(session: Session) -> Iterator[str]:
    """A sentence for each thing that is wrong; none when every book agrees. At most 100 per rule."""
    for each in integrity_steps.verify(session, database_now(session)).findings:
        yield each.sentence
