"""The files of a report: whole, the same for the same figures, and safe to open."""

import csv
import io
import re
import zlib
from datetime import UTC, date, datetime

import pytest
from fontTools.ttLib import TTFont

from webapp.domain.money.formatting import localized
from webapp.domain.reports.periods import ReportKind, ReportPeriod, chosen, month_of
from webapp.errors import Invalid
from webapp.runtime import Runtime
from webapp.services.reports import csv_file, document, fonts, pdf, reading
from webapp.services.reports.figures import (
    AgeFigures,
    ChainFigures,
    CurrencyFigures,
    DisputeFigures,
    HeldDayFigures,
    JobFigures,
    MovedMoney,
    OutcomeFigures,
    ReportFigures,
)
from webapp.services.reports.heading import Heading

MADE = datetime(2026, 3, 9, 6, 0, 1, tzinfo=UTC)
FIRST, LAST = date(2026, 3, 2), date(2026, 3, 8)
FORMULA = "=HYPERLINK(1)"
FIGURES = ReportFigures(
    first_day=FIRST,
    last_day=LAST,
    before_first_day=date(2026, 2, 23),
    before_last_day=date(2026, 3, 1),
    currencies=[
        CurrencyFigures(
            currency="NGN",
            held_at_start=100_000,
            held_at_end=150_050,
            moved=MovedMoney(held=80_050, released=20_000, refunded=10_000, fees=1_000),
            before=MovedMoney(held=40_000, released=-20_000),
        ),
        CurrencyFigures(
            currency="RWF", held_at_start=0, held_at_end=5_000, moved=MovedMoney(held=5_000), before=MovedMoney()
        ),
    ],
    days=[HeldDayFigures(day=FIRST, currency="NGN", held=1, released=-5, refunded=0, held_at_end=-1)],
    ageing=[AgeFigures(currency="NGN", counts=[1, 0, 0, 0, 0, 0, 2], amounts=[50, 0, 0, 0, 0, 0, 150_000])],
    disputes=DisputeFigures(
        opened={"dispute": 3, "warranty_claim": 1},
        decided=[OutcomeFigures(outcome="split", count=2, average_seconds=3_700, longest_seconds=7_200)],
        open_at_end=5,
        opened_before=2,
        decided_before=0,
    ),
    jobs=[JobFigures(job=FORMULA, runs={"succeeded": 1_234, "failed": 1}, missed_slots=2, longest_silence_seconds=0)],
    alerts=[],
    reconciliation=[],
    audit=[ChainFigures(chain="main", seals=7, hash="ab" * 32)],
)
HEADING = Heading(ReportKind.WEEKLY, FIRST, LAST, MADE, "أمينة Zoë Ñandú ₦ € @")


def text_of(content: bytes) -> str:
    """The metadata of a PDF, and the streams of its pages."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", content, re.DOTALL)
    unpacked = b""
    for stream in streams:
        try:
            unpacked += zlib.decompress(stream)
        except zlib.error:
            unpacked += stream
    return (content + unpacked).decode("latin-1")


def test_the_pdf_has_title_language_bookmarks_and_an_instant_and_is_the_same_each_time() -> None:
    made = pdf.written(HEADING, FIGURES)
    assert made.startswith(b"%PDF-")
    text = text_of(made)
    assert "/Lang (en)" in text
    assert "/DisplayDocTitle true" in text
    assert "D:20260309060001Z" in text
    assert made.decode("latin-1").count("/Title") > len(document.tables(FIGURES))
    assert pdf.written(HEADING, FIGURES) == made


def test_a_currency_without_charts_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def of(code: str, held: int) -> CurrencyFigures:
        return CurrencyFigures(
            currency=code, held_at_start=0, held_at_end=held, moved=MovedMoney(), before=MovedMoney()
        )

    said: list[str] = []
    drawn: list[str] = []
    monkeypatch.setattr(pdf._Page, "muted", lambda self, text: said.append(text))
    monkeypatch.setattr(pdf._Page, "_pair", lambda self, currency, days: drawn.append(currency))
    many = [of(code, 10 ** (9 - place)) for place, code in enumerate(("KWD", "XOF", "KES", "JPY", "PHP", "USD"))]
    rest = [0] * (len(FIGURES.ages) - 1)
    ageing = [
        AgeFigures(currency=code, counts=[1, held, *rest], amounts=[0, 0, *rest])
        for held, code in enumerate(("KWD", "KES", "XOF", "PHP", "USD", "JPY"))
    ]
    day = HeldDayFigures(day=FIRST, currency="KES", held=1, released=0, refunded=0, held_at_end=1)
    days = [day, day, day.model_copy(update={"currency": "KWD", "held": 0})]
    pdf.written(HEADING, FIGURES.model_copy(update={"currencies": many, "ageing": ageing, "days": days}))
    assert drawn == ["JPY", "USD", "KES", "PHP"], "by escrows and days: amounts of two currencies say nothing"
    assert "Without charts here: KWD, XOF. The tables have every currency." in said
    said.clear()
    pdf.written(HEADING, FIGURES)
    assert not any("Without charts" in each for each in said)


def test_its_numbers_are_written_as_the_pages_write_them() -> None:
    [money] = [table for table in document.tables(FIGURES) if table.name == "money"]
    shown = [
        pdf.cell(column, value, row[0]) for row in money.rows for column, value in zip(money.columns, row, strict=True)
    ]
    assert shown[:3] == ["NGN", localized(100_000, "NGN", "en"), "NGN\xa0800.50"]
    assert "RWF\xa05,000" in shown
    [compared] = [table for table in document.tables(FIGURES) if table.name == "compared"]
    changes = {(row[0], row[1]): pdf.cell(compared.columns[4], row[4], row[0]) for row in compared.rows}
    assert changes["NGN", "Newly held"] == "+100.1 %"
    assert changes["NGN", "Released"] == "+200.0 %", "against what a reversal took back"
    assert changes["NGN", "Refunded"] == "–"


@pytest.mark.parametrize("letters", ["₦€", "éèçïœ", "ãõÇŋ", "أمينة", "Ünïcodé–…−"])
def test_the_fonts_have_every_letter_that_names_and_amounts_need(letters: str) -> None:
    for name in (fonts.REGULAR, fonts.BOLD):
        with TTFont(fonts.font_file(name)) as font:
            assert {ord(letter) for letter in letters} <= font.getBestCmap().keys()


def test_the_csv_has_every_figure_and_no_formula() -> None:
    rows = list(csv.reader(io.StringIO(csv_file.written(HEADING, FIGURES).decode())))
    assert rows[0] == list(csv_file.HEADER)
    found = {tuple(row[:4]): row[4] for row in rows[1:]}
    assert len(found) == len(rows) - 1, "each figure is named once"
    assert found["money", "", "held", "NGN"] == "800.50"
    assert found["money", "", "held", "RWF"] == "5000"
    assert found["compared", "Released", "before", "NGN"] == "-200.00"
    assert found["ageing", "over 90 d", "escrows", ""] == "2"
    assert found["jobs", f"'{FORMULA}", "succeeded", ""] == "1234"
    assert found["days", "2026-03-02", "held_at_end", "NGN"] == "-0.01"
    assert found["report", "", "made_at", ""] == "2026-03-09T06:00:01Z"
    assert found["report", "", "made_by", ""] == HEADING.made_by


def test_a_desk_without_anything_has_a_report(sqlite_runtime: Runtime) -> None:
    with sqlite_runtime.db.reading() as session:
        figures = reading.read(session, ReportPeriod(FIRST, date(2026, 3, 9)))
    assert (figures.currencies, figures.days, figures.ageing) == ([], [], [])
    assert pdf.written(HEADING, figures).startswith(b"%PDF-")
    assert csv_file.written(HEADING, figures).startswith(b"table,about")


def test_days_are_chosen_whole_over_and_not_too_many() -> None:
    at = datetime(2026, 3, 9, 23, 59, tzinfo=UTC)
    assert chosen(FIRST, LAST, at) == ReportPeriod(FIRST, date(2026, 3, 9))
    for first, last, field in (
        (LAST, FIRST, "to"),
        (FIRST, date(2026, 3, 9), "to"),
        (date(2025, 1, 1), LAST, "from"),
    ):
        with pytest.raises(Invalid) as refused:
            chosen(first, last, at)
        assert list(refused.value.fields) == [field]


def test_a_period_is_compared_with_the_one_before_it() -> None:
    assert ReportPeriod(FIRST, date(2026, 3, 9)).before == ReportPeriod(date(2026, 2, 23), FIRST)
    assert month_of(date(2026, 3, 31)).before == month_of(date(2026, 2, 1))
    assert str(month_of(date(2024, 2, 10))) == "2024-02-01 to 2024-02-29"


def test_a_table_without_figures_says_why_in_every_form() -> None:
    bare = FIGURES.model_copy(update={"audit": [], "reconciliation": []})
    said = {
        row[0]: row[4]
        for row in csv.reader(io.StringIO(csv_file.written(HEADING, bare).decode()))
        if row[2] == "nothing"
    }
    assert said["audit"] == "No record of the audit trail was sealed yet when this was made: there is no head to keep."
    assert said["reconciliation"].endswith("whether they differ is not known.")
    assert {table.name: table.empty for table in document.tables(bare) if not table.rows}.items() <= said.items()
