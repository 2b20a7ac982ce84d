"""Figures that are kept ready, as pages show them: with their age, and never older than what the reader did last."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import request
from sqlalchemy.orm import Session

from webapp import clock
from webapp.admin.ui.lists.listing_state import ASK_NOW
from webapp.figure_cache import Answer, CachedFigure
from webapp.security.context import current_actor, runtime, saved_at
from webapp.services.read_models import kept_figures, list_tabs

Value = TypeVar("Value")
Counts = tuple[Mapping[str, str], Answer[Any] | None]
_SETTLES = timedelta(minutes=2)
"""For how long after a reader changed something nothing kept is shown: runs that this started may be under way, and
the clocks of two machines may differ."""


def read(session: Session, figure: CachedFigure[Value], at: datetime) -> Answer[Value]:
    """The figure for who is reading."""
    return runtime().figure_cache.read(figure, session, at, since=_since(at))


def work_counts() -> Mapping[str, int]:
    """How much work of each kind waits for who is reading."""
    figure, at = kept_figures.work_counts_of(current_actor()), clock.now()
    ready = runtime().figure_cache.ready(figure, at, since=_since(at))
    if ready is not None:
        return ready.value
    with runtime().db.reading() as session:
        return read(session, figure, at).value


def _since(at: datetime) -> datetime | None:
    changed = saved_at()
    return at if request.args.get(ASK_NOW) else changed + _SETTLES if changed is not None else None


def address_to_ask_now() -> str:
    """This page with its figures asked of the database."""
    return f"{request.path}?{urlencode(request.args.to_dict() | {ASK_NOW: '1'})}"


def tab_counts(session: Session, name: str, at: datetime) -> Counts:
    """How many rows each tab of a list has, in words, and how old that is."""
    answer = read(session, kept_figures.tab_counts(name), at)
    return {tab: list_tabs.in_words(count) for tab, count in answer.value.items()}, answer
