"""A screen that is first of all a list."""

from typing import Any, ClassVar

from flask import request
from flask_babel import lazy_gettext as _l

from webapp.admin.ui.lists.csv_export import download
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.screen import Screen, page


class ListScreen(Screen):
    """Shows `listing` at its address, and all of it as CSV at `/export.csv`."""

    listing: ClassVar[Listing]
    list_template: ClassVar[str] = "components/list_page.html"
    empty: ClassVar[Any] = _l("Nothing here yet.")
    """What would appear here, and what to do."""
    intro: ClassVar[Any] = ""
    """A sentence under the title."""

    @page("/")
    def index(self) -> Any:
        """The list."""
        with self.reading() as session:
            found = self.current_listing().read(session, request.args, *self.conditions())
            return self.render(self.list_template, page=found, **self.around(session))

    @page("/export.csv")
    def export(self) -> Any:
        """What the list shows, all of it, as a file."""
        listing, conditions = self.current_listing(), self.conditions()
        return download(self.slug, listing, self.reading_to_export(), request.args, *conditions)

    def current_listing(self) -> Listing:
        """The listing that the address asks for."""
        return self.listing

    def conditions(self) -> tuple[Any, ...]:
        """The screen's own conditions on the list, such as a tab's."""
        return ()

    def around(self, session: Any) -> dict[str, Any]:
        """What else the template needs."""
        return {}
