"""The handbook and the glossary, for everybody who is signed in."""

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l

from webapp.admin.handbook import pages
from webapp.admin.ui.help.glossary import TERMS
from webapp.admin.ui.screen import Screen, page
from webapp.security.access import SIGNED_IN


class HandbookScreen(Screen):
    """How the desk is used and looked after."""

    slug = "handbook"
    title = _l("Handbook")
    permission = SIGNED_IN
    group = "desk"
    icon = "book"
    order = 90

    @page("/")
    def index(self) -> Any:
        """Every page of it."""
        listed = [(name, pages.title_of(name)) for name in pages.names()]
        first = [each for each in listed if "/" not in each[0]]
        others = [each for each in listed if "/" in each[0]]
        return self.render("handbook/handbook.html", first=first, others=others)

    @page("/<path:place>")
    def one(self, place: str) -> Any:
        """One page."""
        return self.render("handbook/page.html", page=pages.read(place, url_for("handbook.index")))


class GlossaryScreen(Screen):
    """The words of the desk."""

    slug = "glossary"
    title = _l("Glossary")
    permission = SIGNED_IN
    group = "desk"
    icon = "file"
    order = 91

    @page("/")
    def index(self) -> Any:
        """Each word in a sentence or two, in the order of the reader's alphabet."""
        ordered = sorted(TERMS.items(), key=lambda each: str(each[1].word).casefold())
        return self.render("handbook/glossary.html", terms=ordered)
