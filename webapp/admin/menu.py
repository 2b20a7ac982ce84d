"""Which screens there are: every Screen in this package, in the order of the menu."""

import importlib
import pkgutil
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _

import webapp.admin
from webapp.admin.screen import Screen

GROUPS: dict[str, Any] = {
    "": "",
    "work": _("Work"),
    "money": _("Money"),
    "clock": _("Clock"),
    "record": _("Record"),
    "desk": _("Desk"),
}


def screens() -> list[type[Screen]]:
    """Every screen that a module of this package defines, in the order of the menu."""
    for module in pkgutil.iter_modules(webapp.admin.__path__, "webapp.admin."):
        importlib.import_module(module.name)
    order = list(GROUPS)
    return sorted(_concrete(Screen), key=lambda screen: (order.index(screen.group), screen.place, screen.noun))


def menu() -> list[tuple[Any, list[Any]]]:
    """The groups with what the one who is asking may use, in order."""
    shown: dict[str, list[Any]] = {group: [] for group in GROUPS}
    for screen in current_app.extensions["admin"][0]._views:
        if screen.is_visible() and screen.is_accessible():
            shown[screen.group].append(screen)
    return [(GROUPS[group], found) for group, found in shown.items() if found]


def _concrete(base: type[Screen]) -> list[type[Screen]]:
    below = [deeper for screen in base.__subclasses__() for deeper in _concrete(screen)]
    return below + [
        screen
        for screen in base.__subclasses__()
        if "noun" in vars(screen) and screen.__module__.startswith("webapp.admin.")
    ]
