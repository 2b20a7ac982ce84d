"""What is kept and for how long, with sizes."""

from typing import Any

from flask_babel import lazy_gettext as _l

from webapp import clock
from webapp.admin.ui.screen import Screen, page
from webapp.security.context import runtime
from webapp.services.retention import overview

SHOWN = 50


class RetentionScreen(Screen):
    """What goes by itself, what stays, and the archives of what went."""

    slug = "retention"
    title = _l("What is kept")
    permission = "settings:manage"
    group = "desk"
    icon = "inbox"
    order = 40
    intro = _l("For how long the desk keeps what, how much of it there is, and what went to archives.")

    @page("/")
    def index(self) -> Any:
        """Every kind with its days and size, what stays for good, and the newest archives."""
        settings = runtime().settings
        with self.reading() as session:
            found = overview.read(session, settings, clock.now())
        return self.render(
            "system/retention.html",
            found=found,
            most=overview.COUNTED,
            archives=found.archives[:SHOWN],
            archive_days=settings.archive_retention_days,
            backup_keep=settings.backup_keep,
        )
