"""Which screens there are: every Screen of the desk, in the order of the menu."""

import importlib
import pkgutil
from functools import cache
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _

import webapp.admin
from webapp.admin.ui.screen import Screen

GROUPS: dict[str, Any] = {
    "": "",
    "work": _("Work"),
    "money": _("Money"),
    "operations": _("Operations"),
    "record": _("Record"),
    "desk": _("Desk"),
}


_HERE = "webapp.admin."


def screens() -> list[type[Screen]]:
    """Every screen that a module of the desk defines, in the order of the menu."""
    _load()
    groups = list(GROUPS)
    named = [screen for screen in _below(Screen) if "slug" in vars(screen) and screen.__module__.startswith(_HERE)]
    return sorted(named, key=lambda screen: (groups.index(screen.group), screen.order, screen.slug))


@cache
def _load() -> None:
    for module in pkgutil.walk_packages(webapp.admin.__path__, _HERE):
        importlib.import_module(module.name)


def menu() -> list[tuple[Any, list[Any]]]:
    """The groups with what the one who is asking may use, in order."""
    shown: dict[str, list[Any]] = {group: [] for group in GROUPS}
    for screen in current_app.extensions["admin"][0]._views:
        if screen.is_visible() and screen.is_accessible():
            shown[screen.group].append(screen)
    return [(GROUPS[group], found) for group, found in shown.items() if found]


def _below(base: type[Screen]) -> set[type[Screen]]:
    found = set(base.__subclasses__())
    return found.union(*(_below(screen) for screen in found))
