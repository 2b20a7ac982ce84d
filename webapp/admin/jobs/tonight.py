"""Tonight: what the next runs of the jobs that move money would do, computed now and not done."""

from typing import Any

from flask_babel import lazy_gettext as _l

from webapp import clock
from webapp.admin.ui.screen import Screen, page
from webapp.security.context import runtime
from webapp.services.read_models import tonight


class TonightScreen(Screen):
    """The dry run of every job that moves money."""

    slug = "tonight"
    title = _l("Tonight")
    permission = "escrow:read"
    group = "money"
    icon = "moon"
    order = 20

    @page("/")
    def index(self) -> Any:
        """How many, how much, for whom, and what stays and why."""
        ways = runtime().providers.payout_routes
        with self.reading() as session:
            upcoming = tonight.upcoming_runs(session, clock.now(), runtime().settings, ways)
        return self.render("jobs/tonight.html", upcoming=upcoming)
