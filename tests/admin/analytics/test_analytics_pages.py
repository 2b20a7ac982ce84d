"""The pages of what tenants sold: any period beside the one before, each chart with its table, and the file."""

import csv
import io
import re
from collections.abc import Callable
from datetime import date, timedelta

import fakeredis
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.services.analytics.rows import DAY, JOB, a_customer, a_tenant, an_order, utc
from webapp import clock
from webapp.domain.analytics.periods import Period
from webapp.figure_cache import FigureCache
from webapp.models import AnalyticsDay, AnalyticsLateRow
from webapp.runtime import Runtime
from webapp.services.analytics import aggregation
from webapp.services.analytics.spans import last_days
from webapp.services.read_models import kept_figures

PERIOD = "from=2026-11-25&to=2026-11-26"


@pytest.fixture
def shops(desk: Runtime) -> dict[str, int]:
    """Two shops in two currencies; the first sold twice as much as in the two days before."""
    with desk.db.transaction() as session:
        ids = {ref: a_tenant(session, ref) for ref in ("mango", "acacia")}
        for sold, amount in (("2026-11-24", 50_000), ("2026-11-26", 100_000)):
            an_order(session, ids["mango"], f"{sold} 10:00", f"{sold} 11:00", amount=amount, pieces=7)
        an_order(session, ids["acacia"], "2026-11-26 10:00", "2026-11-26 10:00", amount=9_000, currency="RWF")
        a_customer(session, ids["acacia"], "2026-11-26 10:00")
        for number in range(4):
            day = DAY - timedelta(days=number)
            aggregation.aggregate(session, day, at=utc("2026-11-28 01:00"), settings=desk.settings, actor=JOB)
    return ids


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).replace("\xa0", " ")


def test_all_tenants_beside_the_period_before(shops: dict[str, int], sign_in: Callable[..., FlaskClient]) -> None:
    client = sign_in("viewer")
    html = client.get(f"/analytics/?{PERIOD}").text
    shown = text_of(html)
    assert "NGN NGN 1,000.00 before NGN 500.00, +100 % 1 before 1, ±0 % 7 before 7, ±0 %" in shown
    assert "RWF RWF 9,000 before RWF 0, new" in shown
    assert "New customers: 1 , before 0 (new)" in shown
    assert html.count('role="img"') == 4
    assert "26 Nov NGN 1,000.00 NGN 500.00" in shown
    assert f"/analytics/of/{shops['mango']}" in html
    assert f"/analytics/of/{shops['acacia']}" not in html, "it sold nothing in this currency"
    assert "no figures yet" not in shown
    other = client.get(f"/analytics/?{PERIOD}&currency=RWF").text
    assert f"/analytics/of/{shops['acacia']}" in other


def test_one_tenant_is_found_by_its_reference(shops: dict[str, int], sign_in: Callable[..., FlaskClient]) -> None:
    client = sign_in("viewer")
    led = client.get(f"/analytics/?{PERIOD}&tenant=acacia")
    assert led.location == f"/analytics/of/{shops['acacia']}?{PERIOD}"
    shown = text_of(client.get(led.location).text)
    assert "Acacia" in shown
    assert "RWF 9,000" in shown
    assert "NGN" not in shown
    assert "There is no tenant with this reference" in client.get("/analytics/?tenant=nobody").text
    assert client.get("/analytics/of/99").status_code == 404


def test_a_period_that_is_not_whole_says_so_and_an_empty_one_what_would_be_there(
    shops: dict[str, int], sign_in: Callable[..., FlaskClient]
) -> None:
    client = sign_in("viewer")
    shown = text_of(client.get("/analytics/?from=2026-11-20&to=2026-11-27").text)
    assert "1 day of this period has no figures yet, or not all of them." in shown
    assert "Nothing was sold in these days" in client.get("/analytics/?from=2020-01-01&to=2020-01-31").text


def test_days_that_are_counted_again_are_said(
    desk: Runtime, shops: dict[str, int], sign_in: Callable[..., FlaskClient]
) -> None:
    with desk.db.transaction() as session:
        day = session.scalars(select(AnalyticsDay).order_by(AnalyticsDay.day)).first()
        assert day is not None
        day.counted_by = "tenant"
        session.add(AnalyticsLateRow(day=day.day))
        asked = f"/analytics/?from={day.day}&to={day.day}"
    shown = sign_in("operator").get(asked).text
    assert "Something came for 1 day of this period after it was counted." in text_of(shown)
    assert "1 day of this period was counted by other hours than ANALYTICS_DAY says now." in text_of(shown)
    assert "stays as it was counted" not in shown
    assert 'href="/jobs/aggregate_analytics' in shown
    assert "Run it now" not in sign_in("viewer").get(asked).text


def test_days_that_no_run_looks_at_any_more_are_said_to_stay(
    desk: Runtime, sign_in: Callable[..., FlaskClient]
) -> None:
    with desk.db.reading() as session:
        last = last_days(session, desk.settings, clock.now())[0]
    within, before = (last - timedelta(days=aggregation.LONGEST_GAP + more) for more in (0, 1))
    with desk.db.transaction() as session:
        for day in (within, before):
            session.add(AnalyticsDay(day=day, tenants=0, closed_at=clock.now(), counted_by="tenant"))
    shown = text_of(sign_in("operator").get(f"/analytics/?from={before}&to={within}").text)
    assert "1 day of this period was counted by other hours than ANALYTICS_DAY says now. The next runs" in shown
    assert "1 day of this period stays as it was counted" in shown
    assert "Runs look 800 days back" in shown


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("from=2026-11-26&to=2026-11-25", "This is before the first day."),
        ("from=2020-01-01&to=2026-01-01", "At most 366 days are shown at once."),
        ("from=soon", "Write a day, such as 2026-03-01"),
        ("to=2026-02-30", "Write a day, such as 2026-03-01"),
    ],
)
def test_a_period_that_cannot_be_is_said_at_its_field(
    sign_in: Callable[..., FlaskClient], asked: str, sentence: str
) -> None:
    html = sign_in("viewer").get(f"/analytics/?{asked}").text
    assert sentence in text_of(html)
    assert 'aria-invalid="true"' in html


def test_the_file_has_every_day_and_currency(shops: dict[str, int], sign_in: Callable[..., FlaskClient]) -> None:
    client = sign_in("viewer")
    sent = client.get(f"/analytics/export.csv?{PERIOD}")
    assert sent.mimetype == "text/csv"
    assert list(csv.reader(io.StringIO(sent.text))) == [
        ["day", "currency", "orders", "revenue", "products_sold", "new_customers", "closed"],
        ["2026-11-25", "", "", "", "", "0", "yes"],
        ["2026-11-26", "NGN", "1", "1000.00", "7", "", "yes"],
        ["2026-11-26", "RWF", "1", "9000", "0", "", "yes"],
        ["2026-11-26", "", "", "", "", "1", "yes"],
    ]
    own = client.get(f"/analytics/export.csv/{shops['mango']}?{PERIOD}").text
    assert "RWF" not in own
    assert "1000.00" in own


def test_who_sold_most_of_too_many_is_named_only_where_it_was_counted_beforehand(
    shops: dict[str, int], desk: Runtime, sign_in: Callable[..., FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    redis = fakeredis.FakeRedis()
    desk.__dict__["figure_cache"] = FigureCache(lambda _seconds: redis)
    monkeypatch.setattr(kept_figures, "MOST_FIGURES", 0)
    client = sign_in("viewer")
    asked = f"/analytics/?{PERIOD}"
    assert "too many figures to compare tenants" in client.get(asked).text
    assert f"/analytics/of/{shops['mango']}" not in client.get(asked).text
    with desk.db.reading() as session:
        figure = kept_figures.best_sellers(session, Period(date(2026, 11, 25), date(2026, 11, 26)), "NGN")
        desk.figure_cache.fill(figure, session, clock.now())
    assert f"/analytics/of/{shops['mango']}" in client.get(asked).text
    monkeypatch.setattr(kept_figures, "MOST_FIGURES", 1)
    assert f"/analytics/of/{shops['acacia']}" in client.get(f"{asked}&currency=RWF").text, "as many as may be"
