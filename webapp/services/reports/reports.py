"""Making a report: read in one snapshot, written into files outside of any transaction, kept in another, once."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from webapp.domain.actors import Actor
from webapp.domain.reports.periods import ReportKind, ReportPeriod
from webapp.domain.states import Trigger
from webapp.domain.words import phrase
from webapp.errors import NotFound
from webapp.models import Report, ReportFile, Run, Transfer
from webapp.services.audit import trail
from webapp.services.common import lookup
from webapp.services.reports import csv_file, reading
from webapp.services.reports.figures import ReportFigures
from webapp.services.reports.heading import Heading
from webapp.services.scheduling import runs
from webapp.sql import insert_new, one_of

FORMATS = {"pdf": "application/pdf", "csv": "text/csv"}
QUICK = 50_000
"""Transfers up to which a report is made within a request: they take well under a second."""


@dataclass(frozen=True, slots=True)
class ReportDraft:
    """A report that is written, and not kept yet."""

    heading: Heading
    period: ReportPeriod
    figures: ReportFigures
    files: dict[str, bytes]


def find(session: Session, kind: ReportKind, period: ReportPeriod) -> Report | None:
    """The report of a kind and a period, if it was made."""
    same = (Report.kind == kind, Report.first_day == period.first, Report.end_day == period.end)
    return session.scalars(select(Report).where(*same)).one_or_none()


def get(session: Session, report_id: int) -> Report:
    """One report. Raises NotFound."""
    return lookup.by_id(session, Report, report_id, "report")


def file_of(session: Session, report_id: int, format_: str) -> ReportFile:
    """One of its files. Raises NotFound."""
    found = session.get(ReportFile, (report_id, format_), options=[undefer(ReportFile.content)])
    if found is None:
        raise NotFound(
            phrase(
                "Report %(report_id)s has no such file. It has: %(FORMATS)s.",
                report_id=report_id,
                FORMATS=", ".join(FORMATS),
            )
        )
    return found


def files_of(session: Session, *report_ids: int) -> list[ReportFile]:
    """All files of these reports, without what is in them, the PDF first."""
    query = select(ReportFile).where(one_of(session, ReportFile.report_id, report_ids))
    return list(session.scalars(query.order_by(ReportFile.report_id, ReportFile.format.desc())))


def heading_of(report: Report) -> Heading:
    """What stands above it."""
    period = ReportPeriod(report.first_day, report.end_day)
    return Heading(ReportKind(report.kind), period.first, period.last, report.made_at, report.made_by_name)


def figures_of(report: Report) -> ReportFigures:
    """What it says."""
    return ReportFigures.model_validate(report.figures)


def is_quick(session: Session, period: ReportPeriod) -> bool:
    """Whether so little was posted since the period before began that making it keeps nobody waiting."""
    some = select(Transfer.id).where(Transfer.at >= period.before.begins).limit(QUICK + 1).subquery()
    return session.scalars(select(func.count()).select_from(some)).one() <= QUICK


def ask(session: Session, period: ReportPeriod, *, actor: Actor, trigger: Trigger = Trigger.MANUAL) -> Run:
    """A run that makes the report of these days. Raises Conflict, naming it, while another of its job is unfinished."""
    actor.require("report:make")
    asked = {"from": str(period.first), "to": str(period.last)}
    maker = actor.entrusted_with("job:run")
    return runs.trigger(session, "send_monthly_report", actor=maker, trigger=trigger, parameters=asked)


def draft(session: Session, kind: ReportKind, period: ReportPeriod, *, at: datetime, maker: str) -> ReportDraft:
    """Read and write it; changes nothing. The session is a snapshot, and may be closed before `pdf` draws."""
    figures = reading.read(session, period)
    heading = Heading(kind, period.first, period.last, at, maker)
    from webapp.services.reports import pdf  # The library takes a third of a second, and few processes make a report.

    files = {"pdf": pdf.written(heading, figures), "csv": csv_file.written(heading, figures)}
    return ReportDraft(heading, period, figures, files)


def keep(session: Session, made: ReportDraft, *, actor: Actor, run_id: int | None = None) -> Report:
    """Keep it, unless its kind and period have a report already, which is the answer then."""
    kind, period = made.heading.kind, made.period
    values = {
        "kind": str(kind),
        "first_day": period.first,
        "end_day": period.end,
        "made_at": made.heading.made_at,
        "made_by": actor.key,
        "made_by_name": made.heading.made_by,
        "run_id": run_id,
        "figures": made.figures.model_dump(mode="json"),
    }
    # Two that make the same at once keep one: the second waits for the first, and takes what that kept.
    row = insert_new(session, Report).values(values).on_conflict_do_nothing().returning(Report.id)
    report_id = session.scalars(row).one_or_none()
    if report_id is None:
        kept = find(session, kind, period)
        if kept is None:
            raise NotFound(phrase("This report was removed while it was made. Make it again."))
        return kept
    for format_, content in made.files.items():
        digest = hashlib.sha256(content).hexdigest()
        session.add(ReportFile(report_id=report_id, format=format_, size=len(content), sha256=digest, content=content))
    details = {"kind": str(kind), "period": str(period)}
    about = ("report", report_id)
    trail.record(session, actor, "report.make", about, at=made.heading.made_at, after=details, run_id=run_id)
    return get(session, report_id)
