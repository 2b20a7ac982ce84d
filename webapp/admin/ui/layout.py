"""What surrounds every page: who is signed in, the menu, the environment, and what stops the desk."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flask import Flask, current_app, get_template_attribute, request
from flask_babel import get_locale
from markupsafe import Markup

from webapp.admin.ui import kept_figures
from webapp.admin.ui.badges import icon
from webapp.admin.ui.claim_names import dispute_kind
from webapp.admin.ui.help.explained import explained, question_mark
from webapp.admin.ui.help.page_help import help_of
from webapp.admin.ui.help.ways_to_fill import way_to, way_to_fill, way_to_read
from webapp.admin.ui.job_names import bulk_title, job_title, titled
from webapp.admin.ui.kept_figures import address_to_ask_now
from webapp.admin.ui.menu import menu
from webapp.admin.ui.run_bars import run_bars
from webapp.security.access import SIGNED_IN, permission_of
from webapp.security.context import current_principal, runtime
from webapp.security.headers import nonce
from webapp.security.views import THEME_COOKIE, THEMES
from webapp.services.alerts import alerts
from webapp.services.common import instance, kill_switch
from webapp.services.monitoring.rules.host import REDIS, redis_unwell
from webapp.services.read_models import work_counts

_MOST_MENUS = 512
"""Menus that a process keeps: some kilobytes each."""
_SLOT = "\0"
"""Around the names of the pages whose numbers stand here. No page can hold this character otherwise."""


def register_context(app: Flask) -> None:
    """Give templates what they need for the page around their content."""
    app.jinja_env.globals.update(
        icon=icon,
        nonce=nonce,
        menu=menu,
        menu_links=_menu_links(),
        count_slot=count_slot,
        help_of=help_of,
        explained=explained,
        question_mark=question_mark,
        way_to_fill=lambda: way_to_fill(may_open),
        way_to=partial(way_to, may_open),
        way_to_read=way_to_read,
        principal=current_principal,
        colours=colours,
        banners=banners,
        money_stopped=money_stopped,
        may=may,
        address_to_ask_now=address_to_ask_now,
        environment=environment,
        passkey_host=passkey_host,
        needs_passkey=needs_passkey,
        has_passkeys=has_passkeys,
        run_bars=run_bars,
        bulk_title=bulk_title,
        dispute_kind=dispute_kind,
        job_title=job_title,
        titled=titled,
        get_locale=get_locale,
    )


def _menu_links() -> Callable[..., Markup]:
    """What draws the menu for the screen that is open: once for everybody who may use the same, in each language.

    It was a fifth of what an ordinary page took. The folded one does without icons: each page carries both. Only the
    numbers are a person's own: the drawn menu has a slot for each.
    """

    @lru_cache(_MOST_MENUS)
    def draw(_permissions: frozenset[str], _language: str, _root: str, slug: str, icons: bool) -> tuple[str, ...]:
        links: Callable[[str, bool], Markup] = get_template_attribute("components/nav.html", "links")
        return tuple(links(slug, icons).split(_SLOT))

    def links(screen: Any, *, icons: bool = True) -> Markup:
        principal = current_principal()
        if principal is None:
            return Markup()
        slug = screen.slug if screen else ""
        drawn = draw(principal.actor.permissions, str(get_locale()), request.root_path, slug, icons)
        return _with_counts(drawn, kept_figures.work_counts())

    return links


def count_slot(*slugs: str) -> Markup:
    """Where the number of what waits on these pages comes to stand."""
    return Markup(_SLOT + " ".join(slugs) + _SLOT)  # noqa: S704 - names of screens


def _with_counts(drawn: Sequence[str], counts: Mapping[str, int]) -> Markup:
    """The drawn menu with its slots filled: every second piece names the pages of one."""
    count: Callable[[str], Markup] = get_template_attribute("components/nav.html", "count")
    pieces = list(drawn)
    for place in range(1, len(pieces), 2):
        waiting = sum(counts.get(slug, 0) for slug in pieces[place].split())
        pieces[place] = count(work_counts.in_words(waiting)) if waiting else ""
    return Markup("".join(pieces))  # noqa: S704 - drawn by the template


def colours() -> str:
    """The reader's choice of colours."""
    chosen = request.cookies.get(f"__Host-{THEME_COOKIE}") or request.cookies.get(THEME_COOKIE, "auto")
    return chosen if chosen in THEMES else "auto"


def money_stopped() -> Any:
    """Who stopped outgoing money, when and why; None while it flows."""
    with runtime().db.reading() as session:
        return kill_switch.stopped(session)


class Banners(NamedTuple):
    """What every page says above its content: who stopped outgoing money, what is the matter with Redis, and why this
    desk may be a copy.
    """

    stopped: Any
    redis: str
    copy: str


def banners() -> Banners:
    """What there is to say now."""
    with runtime().db.reading() as session:
        trouble = alerts.unresolved_sentence(session, redis_unwell.__name__, REDIS)
        return Banners(kill_switch.switched_off(session), trouble, instance.mismatch(session))


def may(permission: str) -> bool:
    """Whether who is asking holds the permission."""
    principal = current_principal()
    return principal is not None and principal.actor.may(permission)


def may_open(endpoint: str) -> bool:
    """Whether who is asking may see the page."""
    permission = permission_of(current_app.view_functions[endpoint])
    return permission == SIGNED_IN or may(permission or "")


def needs_passkey() -> bool:
    """Whether nothing but a passkey approves on this desk."""
    return runtime().settings.approvals_need_passkey


def has_passkeys() -> bool:
    """Whether who is asking has a passkey."""
    principal = current_principal()
    return principal is not None and principal.user is not None and principal.user.has_passkeys


def passkey_host() -> str:
    """Host and port at which browsers can use passkeys of this desk."""
    return urlsplit(runtime().settings.public_origin).netloc


def environment() -> str:
    """The name of this installation's environment."""
    return runtime().settings.env
