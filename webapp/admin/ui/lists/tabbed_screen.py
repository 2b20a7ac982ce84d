"""A list with tabs: one for each question people ask of it."""

from typing import Any, ClassVar

from flask import request

from webapp import clock
from webapp.admin.ui.kept_figures import tab_counts
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.admin.ui.lists.listing_state import ListState

Tabs = dict[str, tuple[Any, tuple[Any, ...]]]
"""What each tab is called, and its conditions on the list. The tab `all` has none."""


class TabbedScreen(ListScreen):
    """Shows the first of `tabs` unless the address names another; a search looks at everything."""

    tabs: ClassVar[Tabs]
    list_template: ClassVar[str] = "components/tabbed_list.html"
    counted: ClassVar[str] = ""
    """The list whose tabs are counted; they may be counted a few minutes ago."""

    def conditions(self) -> tuple[Any, ...]:
        """What the tab shows."""
        return self.tabs[self.tab()][1]

    def around(self, session: Any) -> dict[str, Any]:
        """The row of tabs; a filter and an order stay when the tab is changed."""
        state, current = ListState.of(self.current_listing(), request.args), self.tab()
        counts, counted = tab_counts(session, self.counted, clock.now()) if self.counted else ({}, None)
        row = [
            (label, state.link(tab=name), name == current, counts.get(name))
            for name, (label, _where) in self.tabs.items()
        ]
        return {"tabs": row, "tab": current, "counted": counted}

    def tab(self) -> str:
        """The tab that is shown."""
        wanted = request.args.get("tab", "")
        if wanted in self.tabs:
            return wanted
        return "all" if request.args.get("q") or request.args.get("party") else next(iter(self.tabs))
