"""Events on a Redis stream. A hint, like all of Redis: webhooks are what is kept and tried again."""

from collections.abc import Sequence

from redis.exceptions import RedisError

from webapp import clock
from webapp.logs import get_logger
from webapp.models import Event
from webapp.runtime import Runtime

STREAM = "desk:events"
LENGTH = 100_000


def publish(runtime: Runtime, events: Sequence[Event]) -> bool:
    """Add the events to the stream, which keeps about the last 100,000. Says whether Redis took them."""
    pipe = runtime.redis.pipeline(transaction=False)
    for event in events:
        fields = {"id": f"evt_{event.id}", "type": event.type, "at": clock.iso(event.at), "data": event.payload}
        pipe.xadd(STREAM, fields, maxlen=LENGTH, approximate=True)  # type: ignore[arg-type]
    try:
        pipe.execute()
    except RedisError as problem:
        get_logger().warning("stream.unreachable", events=len(events), problem=type(problem).__name__)
        return False
    return True
