"""Leases of effects: nothing leaves this process once another may have taken over what it had claimed.

Whatever acts on the world outside asks the lease at hand right before its call. There is no way around it: without a
lease a call that is more than a question is a bug, and is loud.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from time import monotonic

from webapp import clock
from webapp.providers.http.errors import NotSent

_SENTENCE = "It was held up until somebody else might have taken it over, so nothing was sent."


class LeaseEnded(NotSent):
    """The claim is over, or would be before the call is: whoever holds it now sends it."""


class EffectLease:
    """How long a claim is ours. Begin it before the transaction that claims, so that it never ends later than there.

    The monotonic clock stands still while a machine sleeps, and the wall clock can be set: the first to end counts.
    """

    def __init__(self, length: timedelta) -> None:
        self.length = length
        self._ends, self._ends_at = monotonic() + length.total_seconds(), clock.now() + length

    def ensure_live(self, seconds: float = 0.0) -> None:
        """Raise LeaseEnded unless a call of so many seconds would end within the lease."""
        left = min(self._ends - monotonic(), (self._ends_at - clock.now()).total_seconds())
        if left < seconds:
            raise LeaseEnded(_SENTENCE)

    @contextmanager
    def held(self) -> Iterator[None]:
        """The lease that effects of this thread ask. Threads begun inside don't have it by themselves."""
        token = _HELD.set(self)
        try:
            yield
        finally:
            _HELD.reset(token)


_HELD: ContextVar[EffectLease | None] = ContextVar("lease", default=None)


def ensure_live(seconds: float) -> None:
    """Ask the lease at hand, right before an effect whose call takes up to so many seconds. Raises LeaseEnded."""
    lease = _HELD.get()
    if lease is None:
        raise RuntimeError("Nothing may act on the world outside without a lease.")
    lease.ensure_live(seconds)
