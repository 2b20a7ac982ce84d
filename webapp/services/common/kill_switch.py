"""The switch that stops all outgoing money at once, for jobs and people alike."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.instants import in_utc, parse_instant
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid
from webapp.models import StoredSetting
from webapp.services.audit import trail
from webapp.services.common import instance

TABLE = StoredSetting.__tablename__
"""Where the switch is."""
_NAME = "outgoing_stopped"
"""Its row is there from the first migration on, so that there is always something to lock. Without it nothing is paid:
a restored copy has none before its outgoing money is stopped.
"""
_SUBJECT = ("setting", 1)
_SWITCH = select(StoredSetting.value).where(StoredSetting.name == _NAME)
_BOTH = select(StoredSetting.name, StoredSetting.value).where(StoredSetting.name.in_([_NAME, instance.NAME]))
"""The switch, and which database this is: one statement, for every payment asks."""
_BOTH_LOCKED = _BOTH.with_for_update(read=True)


def switched_off(session: Session) -> dict[str, str] | None:
    """Who threw the switch, when and why; None while nobody has."""
    return session.scalars(_SWITCH).one() or None


def stopped(session: Session, *, lock: bool = False) -> dict[str, str] | None:
    """Who stopped outgoing money, and why: somebody by the switch, or the desk itself, which may be a copy. None while
    it flows. With `lock` it stays so until the commit.
    """
    found: dict[str, Any] = {row.name: row.value for row in session.execute(_BOTH_LOCKED if lock else _BOTH)}
    if len(found) < len((_NAME, instance.NAME)):
        raise NoResultFound("The switch of outgoing money is not there.")
    sentence = "" if found[_NAME] else instance.difference(session, found[instance.NAME])
    return found[_NAME] or ({"by": phrase("the desk itself"), "why": sentence} if sentence else None)


def ensure_outgoing_enabled(session: Session, *, lock: bool = True) -> None:
    """Raise Conflict while outgoing money is stopped. Shares a lock with the switch, so that none slips past it; what
    only asks whether something could be done takes none.
    """
    if why := disabled_reason(session, lock=lock):
        raise Conflict(why)


def disabled_reason(session: Session, *, lock: bool = False) -> str:
    """Why nothing can be sent or paid now; empty while money flows."""
    value = stopped(session, lock=lock)
    if not value:
        return ""
    if "at" not in value:
        return phrase("Outgoing money is stopped. %(why)s", why=value["why"])
    since = in_utc(parse_instant(value["at"]))
    return phrase(
        "Outgoing money is stopped by %(by)s since %(since)s: %(why)s", by=value["by"], since=since, why=value["why"]
    )


def stop(session: Session, why: str, *, at: datetime, actor: Actor) -> None:
    """Stop all outgoing money; the reason is shown on every page."""
    if not why.strip():
        raise Invalid(phrase("Say why outgoing money is stopped."), fields={"why": phrase("Say why.")})
    _switch(session, {"by": actor.name, "why": why.strip(), "at": clock.iso(at)}, at, actor)


def resume(session: Session, why: str, *, at: datetime, actor: Actor) -> None:
    """Let outgoing money flow again."""
    if not why.strip():
        raise Invalid(phrase("Say why outgoing money may flow again."), fields={"why": phrase("Say why.")})
    _switch(session, {}, at, actor, why)


def _switch(session: Session, value: dict[str, str], at: datetime, actor: Actor, why: str | None = None) -> None:
    actor.require("money:stop")
    row = session.get_one(StoredSetting, _NAME, with_for_update=True, populate_existing=True)
    before = {"stopped": row.value}
    row.value, row.changed_at, row.changed_by = value, at, actor.name
    action = "money.stop" if value else "money.resume"
    reason = value["why"] if value else why
    trail.record(session, actor, action, _SUBJECT, at=at, reason=reason, before=before, after={"stopped": value})
