"""Reports over HTTP: which there are, what each says, its files, and making one of any days."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from webapp.api.framework.pagination import newest_first
from webapp.api.framework.routing import Call, Endpoints, FileAnswer
from webapp.api.framework.schemas import Instant, NewestFirst, Page, RequestDay, RequestModel, ResponseModel, to_page
from webapp.api.jobs.schemas import RunShape, run_shape
from webapp.domain.reports import periods
from webapp.domain.states import Trigger
from webapp.jobs.engine.queue import enqueue_after_commit
from webapp.models import Report, ReportFile
from webapp.services.reports import reports
from webapp.services.reports.figures import ReportFigures

endpoints = Endpoints("reports")


class ReportsQuery(NewestFirst):
    """Which reports."""

    kind: Literal["weekly", "monthly", "custom"] | None = None


class ReportFileShape(ResponseModel):
    """One form of a report, and the SHA-256 of its bytes."""

    format: str
    size: int
    sha256: str


class ReportShape(ResponseModel):
    """A report of whole days in UTC, from the first to the last, both included."""

    id: int
    kind: str
    first_day: date
    last_day: date
    made_at: Instant
    made_by: str
    run_id: int | None
    files: list[ReportFileShape]


class WholeReportShape(ReportShape):
    """The same with all that it says; amounts in minor units."""

    figures: ReportFigures


class DaysBody(RequestModel):
    """The days: whole ones in UTC that are over, both included, at most 366."""

    first: Annotated[RequestDay, Field(alias="from", description="The first day.")]
    last: Annotated[RequestDay, Field(alias="to", description="The last day.")]


class ReportFileAnswer(FileAnswer):
    """A report's file."""

    media_types = tuple(reports.FORMATS.values())


@endpoints.get("/api/v1/reports", "report:read")
def list_reports(call: Call, query: ReportsQuery) -> Page[ReportShape]:
    """Reports, newest first."""
    found = newest_first(call.session, Report, query, {Report.kind: query.kind})
    files: dict[int, list[ReportFile]] = defaultdict(list)
    for file in reports.files_of(call.session, *(report.id for report in found)):
        files[file.report_id].append(file)
    return to_page(found, query, lambda report: ReportShape(**_fields(report, files[report.id])))


@endpoints.get("/api/v1/reports/<id:report_id>", "report:read")
def get_report(call: Call, report_id: int) -> WholeReportShape:
    """One report with its figures."""
    report = reports.get(call.session, report_id)
    fields = _fields(report, reports.files_of(call.session, report_id))
    return WholeReportShape(**fields, figures=reports.figures_of(report))


@endpoints.get("/api/v1/reports/<id:report_id>/files/<file_format>", "report:read")
def download_report(call: Call, report_id: int, file_format: str) -> ReportFileAnswer:
    """A file of it, `pdf` or `csv`, as it was made."""
    name = reports.heading_of(reports.get(call.session, report_id)).file_name
    file = reports.file_of(call.session, report_id, file_format)
    return ReportFileAnswer(name=f"{name}.{file.format}", media_type=reports.FORMATS[file.format], content=file.content)


@endpoints.post("/api/v1/reports", "report:make", status=202, location="/api/v1/runs/{id}")
def make_report(call: Call, body: DaysBody) -> RunShape:
    """Make the report of these days by a run; it is sent to nobody. The same days are made once."""
    period = periods.chosen(body.first, body.last, call.at)
    run = reports.ask(call.session, period, actor=call.actor, trigger=Trigger.API)
    enqueue_after_commit(call.runtime, call.session, run)
    return run_shape(run)


def _fields(report: Report, files: Sequence[ReportFile]) -> dict[str, Any]:
    heading = reports.heading_of(report)
    return {
        "id": report.id,
        "kind": report.kind,
        "first_day": heading.first_day,
        "last_day": heading.last_day,
        "made_at": report.made_at,
        "made_by": report.made_by_name,
        "run_id": report.run_id,
        "files": [ReportFileShape.model_validate(file) for file in files],
    }
