"""The pages of reports: the list, one, its files, making one, and who is sent them."""

import re
from collections.abc import Callable
from datetime import UTC, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, update

from tests.support.market import VIEWER, Market
from tests.support.people import send
from tests.support.receivers import with_settings
from webapp import clock
from webapp.domain.reports.periods import ReportKind, ReportPeriod, last_complete
from webapp.errors import NotAllowed
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Audit, Delivery, Report, ReportSubscription, Run, User
from webapp.runtime import Runtime
from webapp.services.reports import mailing, reports

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def period(desk: Runtime) -> ReportPeriod:
    """Last week, in which something was held."""
    found = last_complete(ReportKind.WEEKLY, clock.now())
    with desk.db.transaction() as session:
        Market(session, desk, at=found.begins + timedelta(days=1)).escrow(1_234_567, currency="NGN")
    return found


def made(client: FlaskClient, period: ReportPeriod) -> str:
    response = send(client, "/reports/make", first=str(period.first), last=str(period.last))
    assert response.status_code == 303
    return str(response.headers["Location"])


def test_each_who_was_written_to_stands_there_with_what_became_of_the_letter(
    desk: Runtime, sign_in: SignIn, period: ReportPeriod
) -> None:
    client = sign_in("admin")
    where = made(client, period)
    report, mail = int(where.rpartition("/")[2]), with_settings(desk, smtp_url="smtp://127.0.0.1:9").settings
    with desk.db.transaction() as session:
        first, second = session.scalars(select(User.id).order_by(User.id).limit(2))
        for user in (first, second):
            mailing.write(session, report, user, at=clock.now(), settings=mail)
        letters = session.scalars(select(Delivery).order_by(Delivery.id)).all()
        ids, letters[0].status = [letter.id for letter in letters], "dead"
    page = client.get(where).text
    assert re.search(rf'href="/notifications/{ids[0]}">\s*<span class="badge bad">', page)
    assert re.search(rf'href="/notifications/{ids[1]}">\s*<span class="badge (?!bad)', page)
    with desk.db.transaction() as session:  # Letters go to the archive.
        session.execute(delete(Delivery))
    assert "It was written to" in client.get(where).text
    assert "/notifications/" not in client.get(where).text.partition("It was written to")[2].partition("</ul>")[0]


def test_one_of_any_days_is_made_shown_and_downloaded(desk: Runtime, sign_in: SignIn, period: ReportPeriod) -> None:
    client = sign_in("operator")
    where = made(client, period)
    page = client.get(where).get_data(as_text=True)
    assert page.count("NGN\xa012,345.67") >= 2
    assert "<svg" in page
    pdf, table = client.get(f"{where}/pdf"), client.get(f"{where}/csv")
    assert (pdf.mimetype, pdf.data[:5]) == ("application/pdf", b"%PDF-")
    assert (table.mimetype, table.data.splitlines()[0]) == ("text/csv", b"table,about,measure,currency,value")
    name = f"escrow-desk-custom-report-{period.first}-to-{period.last}.pdf"
    assert pdf.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert pdf.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert client.get(f"{where}/exe").status_code == 404
    assert made(client, period) == where, "the same days are one report"


def test_it_is_listed_filtered_and_exported(sign_in: SignIn, period: ReportPeriod) -> None:
    client = sign_in("operator")
    assert "No report was made yet." in client.get("/reports/").get_data(as_text=True)
    made(client, period)
    assert str(period.last) in client.get("/reports/").get_data(as_text=True)
    assert str(period.last) in client.get("/reports/?kind=custom&q=The+op").get_data(as_text=True)
    assert str(period.last) not in client.get("/reports/?kind=weekly").get_data(as_text=True)
    assert str(period.last) in client.get("/reports/export.csv").get_data(as_text=True)


def test_days_that_are_wrong_are_said_at_their_field(sign_in: SignIn) -> None:
    client, today = sign_in("operator"), clock.now().astimezone(UTC).date()
    page = send(client, "/reports/make", first=str(today), last=str(today))
    assert (page.status_code, "It is not over yet, in UTC." in page.get_data(as_text=True)) == (422, True)
    page = send(client, "/reports/make", first="31st", last=str(today))
    assert "Write a day, such as 2026-03-01" in page.get_data(as_text=True)


def test_what_would_take_long_is_made_by_a_run(
    desk: Runtime, sign_in: SignIn, period: ReportPeriod, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "QUICK", 0)
    register_jobs(desk)
    where = made(sign_in("operator"), period)
    with desk.db.reading() as session:
        run = session.scalars(select(Run)).one()
        assert where == f"/runs/{run.id}"
        assert (run.job, run.parameters) == (
            "send_monthly_report",
            {"from": str(period.first), "to": str(period.last)},
        )
        assert session.scalar(select(func.count()).select_from(Report)) == 0


def test_who_only_reads_makes_none(desk: Runtime, sign_in: SignIn, period: ReportPeriod) -> None:
    client = sign_in("viewer")
    assert "/reports/make" not in client.get("/reports/").get_data(as_text=True)
    assert client.get("/reports/make").status_code == 403
    with pytest.raises(NotAllowed), desk.db.transaction() as session:
        reports.ask(session, period, actor=VIEWER)


def test_everybody_subscribes_for_themselves_and_admins_see_who(
    desk: Runtime, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.settings, "smtp_url", "smtp://mail.example:25")
    viewer = sign_in("viewer")
    assert send(viewer, "/reports/subscribe/weekly").status_code == 303
    assert send(viewer, "/reports/subscribe/weekly").status_code == 303, "twice is once"
    assert viewer.get("/reports/subscribe/daily").status_code == 404
    with desk.db.reading() as session:
        assert list(session.scalars(select(ReportSubscription.kind))) == ["weekly"]
    page = viewer.get("/reports/").get_data(as_text=True)
    assert "The weekly report is sent to you." in page
    assert "The monthly report is not sent to you." in page
    assert "Who subscribes" not in page
    assert "The viewer" in sign_in("admin").get("/reports/").get_data(as_text=True)
    assert send(viewer, "/reports/unsubscribe/weekly").status_code == 303
    with desk.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(ReportSubscription)) == 0
        told = select(Audit.action).where(Audit.action.startswith("report.")).order_by(Audit.id)
        assert list(session.scalars(told)) == ["report.subscribe", "report.unsubscribe"]


def test_a_subscriber_to_whom_nothing_is_sent_reads_why(
    desk: Runtime, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer, admin = sign_in("viewer"), sign_in("admin")
    send(viewer, "/reports/subscribe/weekly")
    page = viewer.get("/reports/").get_data(as_text=True)
    assert "no mail server is set (SMTP_URL)" in page
    assert "The weekly report is sent to you." not in page
    assert "no: no mail server is set" in admin.get("/reports/").get_data(as_text=True)
    monkeypatch.setattr(desk.settings, "smtp_url", "smtp://mail.example:25")
    with desk.db.transaction() as session:
        session.execute(update(User).values(demo=True))
    page = viewer.get("/reports/").get_data(as_text=True)
    assert "nothing is sent to people who were invented for the demo" in page
    assert "The weekly report is sent to you." not in page
