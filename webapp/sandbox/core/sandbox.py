"""The sandbox as one thing: its books, its moods, its agenda, and who asks it now."""

import itertools
from typing import cast

from flask import current_app

from webapp.sandbox.core.active_faults import ActiveFaults
from webapp.sandbox.core.delayed_tasks import Agenda
from webapp.sandbox.core.settings import SandboxSettings
from webapp.sandbox.core.store import Books

EXTENSION = "sandbox"


class Sandbox:
    """Everything that outlives one call."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.keys, self.options = settings.keys, settings.options
        self.books = Books(settings.file)
        self.active_faults = ActiveFaults()
        self.agenda = Agenda(self.books)
        self.latency: dict[str, float] = {}
        self.checkouts = itertools.count(1)

    def close(self) -> None:
        """End what happens by itself, then let go of the books."""
        self.agenda.stop()
        self.books.close()


def current() -> Sandbox:
    """The sandbox that this call is for."""
    return cast(Sandbox, current_app.extensions[EXTENSION])
