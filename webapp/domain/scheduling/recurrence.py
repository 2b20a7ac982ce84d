"""When a schedule is planned: a cron expression read in an IANA zone, right across changes of summer time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from webapp.domain.instants import known_zones
from webapp.domain.scheduling.cron_descriptions import step_problem
from webapp.domain.words import joined, phrase
from webapp.errors import Invalid

_PARTS = ("minute", "hour", phrase("day of the month"), "month", phrase("day of the week"))
_WINDOWS = tuple(timedelta(minutes=minutes) for minutes in (2, 60, 1_500, 60_000, 600_000, 6_000_000))
_SHORTEST_GRACE = timedelta(minutes=2)


@dataclass(frozen=True)
class Recurrence:
    """The planned instants (slots) of a cron expression in a zone. Everything in and out is in UTC."""

    cron: str
    zone: str

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def slots(self, after: datetime) -> Iterator[datetime]:
        """Every slot later than an instant, each once: a local time that a change skips or repeats is planned once."""
        last = after.astimezone(UTC)
        for local in CronSim(self.cron, after.astimezone(self._zone)):
            slot = local.astimezone(UTC)
            if slot > last:
                last = slot
                yield slot

    def next(self, after: datetime) -> datetime:
        """The first slot later than an instant."""
        return next(self.slots(after))

    def upcoming(self, after: datetime, count: int) -> list[datetime]:
        """The next slots, at most `count`."""
        return list(islice(self.slots(after), count))

    def previous(self, until: datetime) -> datetime | None:
        """The last slot not later than an instant; None if there was none for eleven years."""
        for window in _WINDOWS:
            found = None
            for slot in self.slots(until - window):
                if slot > until:
                    break
                found = slot
            if found is not None:
                return found
        return None

    def interval(self, at: datetime) -> timedelta:
        """The usual time between two slots: the middle one of the next seven gaps."""
        return _usual_gap(self, self.next(at))

    def local_day(self, instant: datetime) -> str:
        """The date of an instant in the schedule's zone."""
        return instant.astimezone(self._zone).date().isoformat()


@lru_cache(maxsize=1_024)
def _usual_gap(recurrence: Recurrence, first: datetime) -> timedelta:
    # Every start, page and tick asks for it for each schedule, and until its next slot the answer is the same.
    coming = [first, *recurrence.upcoming(first, 7)]
    gaps = sorted(later - earlier for earlier, later in pairwise(coming))
    return gaps[len(gaps) // 2]


def default_grace(interval: timedelta) -> timedelta:
    """How late a run may be before it counts as not executed: a 24th of its interval, at least two minutes."""
    return max(_SHORTEST_GRACE, interval / 24)


def check(cron: str, zone: str, at: datetime) -> Recurrence:
    """The recurrence, if it can be. Raises Invalid that names the field, and the part of the expression."""
    fields = {"zone": _zone_problem(zone), "cron": _cron_problem(cron)}
    wrong = {name: problem for name, problem in fields.items() if problem}
    if wrong:
        raise Invalid(joined(*wrong.values()), fields=wrong)
    recurrence = Recurrence(" ".join(cron.split()), zone)
    try:
        recurrence.next(at)
    except (StopIteration, RuntimeError):
        sentence = phrase("No day ever fits the cron expression %(cron)s.", cron=f"{cron!r}")
        raise Invalid(sentence, fields={"cron": sentence}) from None
    return recurrence


def _zone_problem(zone: str) -> str | None:
    if zone in known_zones():
        return None
    return phrase("%(zone)s is not a time zone of the IANA list, such as Africa/Nairobi.", zone=f"{zone!r}")


def _cron_problem(cron: str) -> str | None:
    parts = cron.split()
    if len(parts) != len(_PARTS):
        return phrase(
            "A cron expression has five parts (minute, hour, day, month, weekday); %(cron)s has %(count)s.",
            cron=f"{cron!r}",
            count=len(parts),
        )
    for place, name in enumerate(_PARTS):
        alone = ["*"] * len(_PARTS)
        alone[place] = parts[place]
        if not _parses(" ".join(alone)):
            return phrase(
                "The %(name)s of the cron expression can't be %(parts)s.", name=name, parts=f"{parts[place]!r}"
            )
        if problem := step_problem(parts[place], place):
            return phrase(
                "The %(name)s of the cron expression can't be %(parts)s. %(problem)s",
                name=name,
                parts=f"{parts[place]!r}",
                problem=problem,
            )
    return None if _parses(cron) else phrase("No day ever fits the cron expression %(cron)s.", cron=f"{cron!r}")


def _parses(cron: str) -> bool:
    try:
        CronSim(cron, datetime(2024, 1, 1, tzinfo=UTC))
    except (CronSimError, ValueError):
        return False
    return True
