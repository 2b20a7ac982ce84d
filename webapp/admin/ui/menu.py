"""Which screens there are: every Screen of the desk, in the order of the menu."""

import importlib
import pkgutil
from functools import cache
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from flask import current_app
from flask_babel import lazy_gettext as _

import webapp.admin
from webapp.admin.ui.screen import Screen
from webapp.domain.actors import Actor
from webapp.security import current_actor

GROUPS: dict[str, Any] = {
    "": "",
    "work": _("Work"),
    "money": _("Money"),
    "operations": _("Operations"),
    "record": _("Record"),
    "desk": _("Desk"),
}
ADMINISTERS = "user:manage"
FIRST: dict[str, tuple[str, ...]] = {
    ADMINISTERS: ("overview", "disputes", "approvals", "escrows", "jobs", "alerts", "users"),
    "money:approve": ("overview", "approvals", "tonight", "escrows", "payments", "reconciliation"),
    "job:run": ("overview", "jobs", "alerts", "queues", "tonight", "payouts", "providers"),
    "dispute:work": ("overview", "disputes", "approvals", "escrows", "parties", "payments"),
}
"""The pages that administration, finance, operations and support work at, by the permission that tells who does that
work. Who does several kinds has them in turn; who administers does them all, and has a choice of its own."""
READING = ("overview", "disputes", "escrows", "parties", "jobs", "alerts", "reports")
"""The same for who only reads."""
MOST_FIRST = 7
MOST_ENTRIES = MOST_FIRST + len(GROUPS) - 1
"""How many entries a menu has at most: a test holds it to twelve."""

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


class MenuGroup(NamedTuple):
    """Pages that stand one level down, below a word that opens them."""

    title: Any
    screens: list[Any]


class Menu(NamedTuple):
    """What stands first for who is asking, and everything else they may open, by subject."""

    first: list[Any]
    groups: list[MenuGroup]


def menu() -> Menu:
    """The menu of who is asking: at most MOST_FIRST pages and a group for each subject."""
    allowed = [view for view in current_app.extensions["admin"][0]._views if view.is_visible() and view.is_accessible()]
    by_slug = {screen.slug: screen for screen in allowed}
    first = [by_slug[slug] for slug in first_slugs(current_actor()) if slug in by_slug]
    rest = {group: [screen for screen in allowed if screen.group == group and screen not in first] for group in GROUPS}
    return Menu(first, [MenuGroup(GROUPS[group], below) for group, below in rest.items() if below])


def first_slugs(actor: Actor) -> list[str]:
    """The pages that somebody with these permissions works at, the most used first."""
    own = [slugs for permission, slugs in FIRST.items() if actor.may(permission)] or [READING]
    if actor.may(ADMINISTERS):
        own = [FIRST[ADMINISTERS]]
    turns = chain.from_iterable(zip_longest(*own))
    return list(dict.fromkeys(slug for slug in turns if slug))[:MOST_FIRST]


def _below(base: type[Screen]) -> set[type[Screen]]:
    found = set(base.__subclasses__())
    return found.union(*(_below(screen) for screen in found))
