"""The first page after sign-in."""

from flask_babel import lazy_gettext as _l

from webapp.admin.screen import Screen


class OverviewScreen(Screen):
    """The verdict on the jobs, the money that is held, and what waits for someone."""

    noun = "overview"
    address = "/"
    title = _l("Overview")
    permission = "job:read"
    icon = "home"
    place = 0
