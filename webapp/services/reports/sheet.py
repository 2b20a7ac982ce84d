"""Parts under titles as PDF, such as one case: facts, texts that people wrote, and tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fpdf import FontFace
from fpdf.enums import TableBordersLayout, XPos, YPos

from webapp.services.reports.paper import BAND, FAMILY, INK, PAPER, RULE, SMALL, TEXT, Paper


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A part: its facts, its texts in order, then a table under its headings. `empty` is said where nothing is."""

    title: str
    facts: Sequence[tuple[str, str]] = ()
    texts: Sequence[str] = ()
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document in one reader's language; `intro` says when and for whom it was made."""

    title: str
    subject: str
    intro: str
    language: str
    made_at: datetime
    parts: Sequence[SheetPart]


def written(sheet: Sheet) -> bytes:
    """The file."""
    paper = Paper(sheet.title, sheet.subject, sheet.language, sheet.made_at)
    # Letters of Arabic take their shape from their neighbours, and run from right to left: people write in any script.
    paper.set_text_shaping(True)
    paper.add_page()
    paper.heading()
    paper.muted(sheet.intro)
    for part in sheet.parts:
        paper.section_title(part.title)
        _facts(paper, part.facts)
        for text in part.texts:
            paper.set_font(FAMILY, "", TEXT)
            paper.multi_cell(0, 4.2, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            paper.ln(1.5)
        if part.rows:
            _table(paper, part)
        if part.empty and not (part.facts or part.texts or part.rows):
            paper.muted(part.empty)
    return bytes(paper.output())


def _facts(paper: Paper, facts: Sequence[tuple[str, str]]) -> None:
    if facts:
        _grid(paper, [list(fact) for fact in facts], (1, 3), first_row_is_heading=False)
        paper.ln(2)


def _table(paper: Paper, part: SheetPart) -> None:
    _grid(paper, [part.headings, *part.rows], None, first_row_is_heading=True)


def _grid(
    paper: Paper, rows: Sequence[Sequence[str]], widths: tuple[int, ...] | None, *, first_row_is_heading: bool
) -> None:
    paper.set_font(FAMILY, "", TEXT)
    paper.set_draw_color(RULE)
    paper.set_fill_color(PAPER)  # Cells are filled with what was drawn with last.
    with paper.table(
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        cell_fill_color=BAND,
        cell_fill_mode="NONE",
        col_widths=widths,
        first_row_as_headings=first_row_is_heading,
        headings_style=FontFace(emphasis="BOLD", color=INK, fill_color=BAND, size_pt=SMALL),
        line_height=4.2,
        padding=(0.8, 1.2),
        text_align="LEFT",
    ) as grid:
        for row in rows:
            grid.row(list(row))
