"""How far this machine's clock is from the database's. Money is moved by processes whose clocks agree with it."""

from datetime import timedelta

from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.words import phrase
from webapp.errors import Unavailable
from webapp.settings import Settings
from webapp.sql import database_now


class ClockOff(Unavailable):
    """This machine's clock is wrong, or the database's is: nobody can tell what is due."""


def measure(session: Session) -> timedelta:
    """How far this machine's clock is ahead; behind is less than zero. Time that the question takes does not count."""
    before, theirs, after = clock.local(), database_now(session), clock.local()
    if before <= theirs <= after:
        return timedelta(0)
    return before - theirs if theirs < before else after - theirs


def most(settings: Settings) -> timedelta:
    """How far it may be off."""
    return timedelta(seconds=settings.max_clock_skew_seconds)


def require(session: Session, settings: Settings) -> None:
    """Raise ClockOff when it is further off than it may be."""
    found = measure(session)
    if abs(found) > most(settings):
        allowed = settings.max_clock_skew_seconds
        raise ClockOff(
            phrase(
                "%(status)s; %(allowed)s s are allowed. Nothing runs here until both agree: check NTP.",
                status=in_words(found),
                allowed=allowed,
            )
        )


def in_words(skew: timedelta, machine: str = phrase("This machine")) -> str:
    """The skew as a sentence without its end."""
    side = phrase("ahead of") if skew > timedelta(0) else "behind"
    size = abs(skew)
    amount = (
        phrase("%(total_seconds)s s", total_seconds=f"{size.total_seconds():.1f}")
        if size < timedelta(hours=1)
        else str(timedelta(seconds=round(size.total_seconds())))
    )
    return phrase(
        "%(machine)s's clock is %(amount)s %(side)s the database's", machine=machine, amount=amount, side=side
    )
