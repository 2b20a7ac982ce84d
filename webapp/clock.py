"""The one place that asks what time it is. Instants are aware datetimes in UTC."""

from datetime import UTC, datetime, timedelta

_correction = timedelta(0)


def now() -> datetime:
    """The present instant, in UTC: this machine's, corrected as far as `correct` was told."""
    return local() + _correction


def local() -> datetime:
    """What this machine takes for the present instant."""
    return datetime.now(UTC)


def correct(by: timedelta) -> None:
    """From now on count this much to the machine's clock, in the whole process."""
    global _correction
    _correction = by


def from_iso(text: str) -> datetime:
    """The instant that `iso` wrote. What others wrote is read by `webapp.domain.instants`. Raises ValueError."""
    if not text.endswith("Z"):
        raise ValueError("not an instant in UTC")
    return datetime.fromisoformat(text)


def iso(instant: datetime) -> str:
    """RFC 3339 in UTC, with a Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
