"""Which mood which call is in, for how often."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from webapp.errors import Invalid
from webapp.sandbox.core import fault_modes as moods


@dataclass
class Temper:
    """A mood of a provider's call; `times` counts down, None lasts until it is cleared."""

    provider: str
    call: str
    mood: str
    times: int | None = 1
    seconds: float | None = None
    effect: bool = False

    @property
    def has_effect(self) -> bool:
        """Whether the call does what was asked, whatever it answers."""
        return self.effect or self.mood in moods.WITH_EFFECT


class Tempers:
    """The moods in force. Counted ones go first, in the order they were set; a lasting one replaces the one before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: list[Temper] = []
        self._lasting: dict[tuple[str, str], Temper] = {}

    def set(self, temper: Temper) -> None:
        """Let a call be in a mood. Raises Invalid for one that is unknown."""
        if temper.mood not in moods.MOODS:
            raise Invalid(f"There is no mood {temper.mood!r}. There are: {', '.join(moods.MOODS)}.")
        if temper.mood in moods.OF_WEBHOOKS:
            temper.call = moods.WEBHOOK
        with self._lock:
            if temper.times is None:
                self._lasting[temper.provider, temper.call] = temper
            else:
                self._counted.append(temper)

    def take(self, provider: str, call: str) -> Temper | None:
        """The mood this call is in now, counted as used."""
        if not self._counted and not self._lasting:
            return None
        with self._lock:
            for temper in self._counted:
                if _is_for(temper, provider, call):
                    temper.times = (temper.times or 1) - 1
                    if temper.times == 0:
                        self._counted.remove(temper)
                    return temper
            return next((each for each in self._lasting.values() if _is_for(each, provider, call)), None)

    def clear(self, provider: str = moods.ANY, call: str = moods.ANY) -> None:
        """Forget the moods of a provider's call; by default every one."""
        with self._lock:
            self._counted = [each for each in self._counted if not _covers(provider, call, each)]
            self._lasting = {at: each for at, each in self._lasting.items() if not _covers(provider, call, each)}

    def listed(self) -> list[dict[str, Any]]:
        """Every mood in force."""
        with self._lock:
            return [asdict(each) for each in (*self._counted, *self._lasting.values())]


def from_body(body: Mapping[str, Any]) -> Temper:
    """A mood as `/control/mood` takes it; once, unless `times` says otherwise. Raises Invalid."""
    try:
        times = body.get("times", 1)
        return Temper(
            provider=str(body.get("provider", moods.ANY)),
            call=str(body.get("call", moods.ANY)),
            mood=str(body["mood"]),
            times=None if times is None else max(1, int(times)),
            seconds=None if body.get("seconds") is None else float(body["seconds"]),
            effect=bool(body.get("effect")),
        )
    except (KeyError, TypeError, ValueError):
        raise Invalid("A mood is {provider, call, mood, times, seconds, effect}; times null lasts.") from None


def _is_for(temper: Temper, provider: str, call: str) -> bool:
    is_webhook = temper.mood in moods.OF_WEBHOOKS
    return (
        temper.provider in (moods.ANY, provider)
        and temper.call in (moods.ANY, call)
        and is_webhook == (call == moods.WEBHOOK)
    )


def _covers(provider: str, call: str, temper: Temper) -> bool:
    return provider in (moods.ANY, temper.provider) and call in (moods.ANY, temper.call)
