"""Analytics for the storefront, in Redis: each tenant's day under its own key, for 24 hours from when it was closed."""

from collections.abc import Callable
from datetime import date, datetime

from webapp import clock
from webapp.runtime import Runtime
from webapp.services.analytics import documents

PAGE = 2_000
"""Documents that are read, and written, at once."""


def fill(runtime: Runtime, at: datetime, check: Callable[[], None]) -> int:
    """Write the days that were closed lately and are not in this Redis yet; how many documents that were.

    `check` is called between pages, and may stop it: a day counts as there only when all of it is. Raises RedisError.
    """
    with runtime.db.reading() as session:
        days = documents.closed_lately(session, at)
    return sum(_fill_day(runtime, day, closed_at, at, check) for day, closed_at in days)


def _fill_day(runtime: Runtime, day: date, closed_at: datetime, at: datetime, check: Callable[[], None]) -> int:
    # Written last: a day that was made anew, or that a Redis without memory has forgotten, is written again.
    mark, version = f"desk:analytics:filled:{day.isoformat()}", clock.iso(closed_at)
    if runtime.redis.get(mark) == version.encode():
        return 0
    expires = closed_at + documents.KEPT_FOR
    written, after = 0, 0
    while True:
        check()
        with runtime.db.reading() as session:
            found, last = documents.page(session, day, closed_at, after=after, limit=PAGE)
        if last is None:
            break
        pipe = runtime.redis.pipeline(transaction=False)
        for document in found:
            pipe.set(document.key, document.text, exat=expires)
        pipe.execute()
        written, after = written + len(found), last
    runtime.redis.set(mark, version, exat=expires)
    return written
