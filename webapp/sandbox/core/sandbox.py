"""The sandbox as one thing: its store, its faults, its delayed tasks, and who asks it now."""

import itertools
from typing import cast

from flask import current_app

from webapp.sandbox.core.active_faults import ActiveFaults
from webapp.sandbox.core.delayed_tasks import DelayedTasks
from webapp.sandbox.core.settings import SandboxSettings
from webapp.sandbox.core.store import Store

EXTENSION = "sandbox"


class Sandbox:
    """Everything that outlives one call."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.keys, self.options = settings.keys, settings.options
        self.store = Store(settings.file)
        self.active_faults = ActiveFaults()
        self.delayed_tasks = DelayedTasks(self.store)
        self.latency: dict[str, float] = {}
        self.checkouts = itertools.count(1)

    def close(self) -> None:
        """End what happens by itself, then let go of the store."""
        self.delayed_tasks.stop()
        self.store.close()


def current() -> Sandbox:
    """The sandbox that this call is for."""
    return cast(Sandbox, current_app.extensions[EXTENSION])
