"""Which fault which call has, for how often."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from webapp.errors import Invalid
from webapp.sandbox.core import fault_modes


@dataclass
class ActiveFault:
    """A fault of a provider's call; `times` counts down, None lasts until it is cleared."""

    provider: str
    call: str
    fault_mode: str
    times: int | None = 1
    seconds: float | None = None
    effect: bool = False

    @property
    def has_effect(self) -> bool:
        """Whether the call does what was asked, whatever it answers."""
        return self.effect or self.fault_mode in fault_modes.WITH_EFFECT


class ActiveFaults:
    """The faults in force. Counted ones go first, in the order they were set; a lasting one replaces the one before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: list[ActiveFault] = []
        self._lasting: dict[tuple[str, str], ActiveFault] = {}

    def set(self, fault: ActiveFault) -> None:
        """Let a call have a fault. Raises Invalid for a mode that is unknown."""
        if fault.fault_mode not in fault_modes.FAULT_MODES:
            raise Invalid(
                f"There is no fault mode {fault.fault_mode!r}. There are: {', '.join(fault_modes.FAULT_MODES)}."
            )
        if fault.fault_mode in fault_modes.OF_WEBHOOKS:
            fault.call = fault_modes.WEBHOOK
        with self._lock:
            if fault.times is None:
                self._lasting[fault.provider, fault.call] = fault
            else:
                self._counted.append(fault)

    def take(self, provider: str, call: str) -> ActiveFault | None:
        """The fault this call has now, counted as used."""
        if not self._counted and not self._lasting:
            return None
        with self._lock:
            for fault in self._counted:
                if _is_for(fault, provider, call):
                    fault.times = (fault.times or 1) - 1
                    if fault.times == 0:
                        self._counted.remove(fault)
                    return fault
            return next((each for each in self._lasting.values() if _is_for(each, provider, call)), None)

    def clear(self, provider: str = fault_modes.ANY, call: str = fault_modes.ANY) -> None:
        """Forget the faults of a provider's call; by default every one."""
        with self._lock:
            self._counted = [each for each in self._counted if not _covers(provider, call, each)]
            self._lasting = {at: each for at, each in self._lasting.items() if not _covers(provider, call, each)}

    def listed(self) -> list[dict[str, Any]]:
        """Every fault in force."""
        with self._lock:
            return [asdict(each) for each in (*self._counted, *self._lasting.values())]


def from_body(body: Mapping[str, Any]) -> ActiveFault:
    """A fault as `/control/faults` takes it; once, unless `times` says otherwise. Raises Invalid."""
    try:
        times = body.get("times", 1)
        return ActiveFault(
            provider=str(body.get("provider", fault_modes.ANY)),
            call=str(body.get("call", fault_modes.ANY)),
            fault_mode=str(body["fault_mode"]),
            times=None if times is None else max(1, int(times)),
            seconds=None if body.get("seconds") is None else float(body["seconds"]),
            effect=bool(body.get("effect")),
        )
    except (KeyError, TypeError, ValueError):
        raise Invalid("A fault is {provider, call, fault_mode, times, seconds, effect}; times null lasts.") from None


def _is_for(fault: ActiveFault, provider: str, call: str) -> bool:
    is_webhook = fault.fault_mode in fault_modes.OF_WEBHOOKS
    return (
        fault.provider in (fault_modes.ANY, provider)
        and fault.call in (fault_modes.ANY, call)
        and is_webhook == (call == fault_modes.WEBHOOK)
    )


def _covers(provider: str, call: str, fault: ActiveFault) -> bool:
    return provider in (fault_modes.ANY, fault.provider) and call in (fault_modes.ANY, fault.call)
