"""A4 paper for what the desk makes as PDF: fonts, title, language, page numbers, and texts of every script."""

from datetime import datetime

from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos
from fpdf.prefs import ViewerPreferences

from webapp.services.reports.fonts import BOLD, REGULAR, font_file

FAMILY = "FiraGO"
INK, MUTED, RULE, BAND, PAPER = (26, 36, 33), (84, 98, 92), (205, 214, 210), (238, 243, 241), (255, 255, 255)
TEXT, SMALL, TITLE, SECTION = 8, 7, 17, 11.5


class Paper(FPDF):
    """A4 upright, with the document's title and the page's number under each page. The same content, the same bytes."""

    def __init__(self, title: str, subject: str, language: str, made_at: datetime) -> None:
        super().__init__("P", "mm", "A4")
        self._heading_text = title
        for style, font in (("", REGULAR), ("B", BOLD)):
            self.add_font(FAMILY, style, font_file(font))
        self.set_margins(14, 14, 14)
        self.set_auto_page_break(True, 18)
        self.set_font(FAMILY, "", TEXT)
        self.set_text_color(INK)
        self.set_title(title)
        self.set_author("Escrow Desk")
        self.set_subject(subject)
        self.set_creator("Escrow Desk")
        self.set_lang(language)
        self.set_creation_date(made_at)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)

    def footer(self) -> None:
        """The document's title, and which page of how many."""
        self.set_y(-12)
        self.set_font(FAMILY, "", SMALL)
        self.set_text_color(MUTED)
        self.cell(self.epw / 2, 4, self._heading_text)
        self.cell(self.epw / 2, 4, f"{self.page_no()} / {{nb}}", align=Align.R)
        self.set_text_color(INK)

    def heading(self) -> None:
        """The document's title, at its beginning."""
        self.set_font(FAMILY, "B", TITLE)
        self.multi_cell(0, 8, self._heading_text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def section_title(self, text: str) -> None:
        """The title of a part, which is a bookmark too."""
        if self.will_page_break(24):
            self.add_page()
        self.ln(4)
        self.start_section(text)
        self.set_font(FAMILY, "B", SECTION)
        self.cell(0, 6, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def muted(self, text: str) -> None:
        """A line beside the matter."""
        self.set_font(FAMILY, "", SMALL)
        self.set_text_color(MUTED)
        self.multi_cell(0, 4, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_text_color(INK)
        self.ln(1)
