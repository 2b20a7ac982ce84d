"""What goes with a letter as files: kept once with what it is about, and read when the letter is sent."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from webapp.domain.states import Channel
from webapp.models import Delivery, Report, ReportFile
from webapp.providers.messaging.smtp import Attachment
from webapp.sql import one_of

_SUBJECT = "report"
_MEDIA_TYPES = {"pdf": "application/pdf", "csv": "text/csv"}


def of_deliveries(session: Session, deliveries: Sequence[Delivery]) -> dict[int, tuple[Attachment, ...]]:
    """The files of each delivery that has any, by its number: those of the report that a letter is about."""
    letters = [each for each in deliveries if each.channel == Channel.EMAIL and each.subject_kind == _SUBJECT]
    if not letters:
        return {}
    wanted = sorted({each.subject_id for each in letters})
    query = select(Report, ReportFile).options(undefer(ReportFile.content)).join(ReportFile)
    files: dict[int, list[Attachment]] = {}
    for report, file in session.execute(
        query.where(one_of(session, Report.id, wanted)).order_by(ReportFile.format.desc())
    ):
        name = f"{report.kind}-report-{report.first_day.isoformat()}.{file.format}"
        files.setdefault(report.id, []).append(Attachment(name, _MEDIA_TYPES[file.format], file.content))
    return {each.id: tuple(files.get(each.subject_id, ())) for each in letters}
