"""Letters with a report: one to each subscriber, in their zone, with its files attached when it is sent."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from webapp.domain.localized_dates import DateFormat, localized_date
from webapp.domain.money.money import Money
from webapp.domain.words import Sentence, joined, phrase
from webapp.errors import Unavailable
from webapp.models import Report, ReportRecipient, User
from webapp.services.common import lookup, readers
from webapp.services.common.readers import LetterReader
from webapp.services.notifications.messages import context, recipients, templates
from webapp.services.notifications.messages.outgoing import Message, write_all
from webapp.services.reports import document, reports, subscriptions
from webapp.settings import Settings
from webapp.sql import insert_new

KIND = "staff.report"


def write(session: Session, report_id: int, user_id: int, *, at: datetime, settings: Settings) -> bool:
    """Write the letter to one person; False when it was written before, to whatever address.

    Raises Unavailable where no letter can be sent.
    """
    person = lookup.by_id(session, User, user_id, "user")
    to = recipients.of_person(person.email, settings)
    if to is None:
        raise Unavailable(phrase("No mail server is set, so the report can't be sent: set SMTP_URL."))
    # The row, and not the letter's key, says that it was: letters go to the archive, and addresses change.
    row = insert_new(session, ReportRecipient).values(report_id=report_id, user_id=user_id, at=at)
    if session.scalars(row.on_conflict_do_nothing().returning(ReportRecipient.user_id)).one_or_none() is None:
        return False
    report = reports.get(session, report_id)
    reader = readers.of_person(person, settings)
    text = templates.write(KIND, _fields(report, person, reader, settings), reader)
    write_all(
        session,
        [Message(subscriptions.letter_key(report_id, user_id), to, KIND, (subscriptions.SUBJECT, report_id), text)],
        at,
    )
    return True


def _fields(report: Report, person: User, reader: LetterReader, settings: Settings) -> dict[str, Any]:
    heading = reports.heading_of(report)
    days = (localized_date(day, DateFormat.DATE, reader.language) for day in (heading.first_day, heading.last_day))
    return {
        "name": person.name,
        "report": phrase(
            "%(title)s, %(first)s to %(last)s",
            title=document.TITLES[heading.kind],
            **dict(zip(("first", "last"), days, strict=True)),
        ),
        "made": report.made_at,
        "figures": joined(*_lines(report), between="\n") or phrase("No money was held or moved."),
        "link": context.link(settings, f"/reports/{report.id}"),
        "end": context.link(settings, "/reports/"),
    }


def _lines(report: Report) -> list[Sentence]:
    return [
        phrase(
            "%(held)s held at the end; %(released)s released, %(refunded)s refunded, %(fees)s of fees.",
            held=Money(each.held_at_end, each.currency),
            released=Money(each.moved.released, each.currency),
            refunded=Money(each.moved.refunded, each.currency),
            fees=Money(each.moved.fees, each.currency),
        )
        for each in reports.figures_of(report).currencies
    ]
