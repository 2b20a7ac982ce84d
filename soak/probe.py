"""Is the desk back? A write is sent and its job's run awaited, again and again; faults are measured by what it saw."""

import threading
import time
import uuid
from dataclasses import dataclass

import requests

_TIMEOUTS = (1.0, 4.0)
_WAIT = 45.0
_ENDED = {"succeeded", "partial", "skipped"}


@dataclass(frozen=True)
class Proof:
    """A write was asked for at `began`, and by `ended` it was served and its run had ended well."""

    began: float
    ended: float


class Probe:
    """One that asks for one job; instants are of the monotonic clock."""

    def __init__(self, url: str, token: str, job: str, over: threading.Event, pause: float = 0.2) -> None:
        self._url, self._job, self._over, self._pause = url, job, over, pause
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"
        self.proofs: list[Proof] = []

    def run(self) -> None:
        """Prove it until it is over."""
        while not self._over.is_set():
            began = time.monotonic()
            if self._is_there():
                self.proofs.append(Proof(began, time.monotonic()))
            time.sleep(self._pause)

    def _is_there(self) -> bool:
        """Whether a run that is asked for now is carried out."""
        try:
            asked = self._session.post(
                f"{self._url}/api/v1/jobs/{self._job}/trigger",
                json={"dry_run": True},
                headers={"Idempotency-Key": uuid.uuid4().hex},
                timeout=_TIMEOUTS,
            )
            if asked.status_code != 202:
                return False
            number, ends = asked.json()["id"], time.monotonic() + _WAIT
        except (requests.RequestException, ValueError, KeyError):
            return False
        while time.monotonic() < ends and not self._over.is_set():
            if (status := self._status(number)) in _ENDED:
                return True
            if status in ("failed", "lost"):
                return False
            time.sleep(self._pause)
        return False

    def _status(self, run: int) -> str:
        try:
            answer = self._session.get(f"{self._url}/api/v1/runs/{run}", timeout=_TIMEOUTS)
            return str(answer.json().get("status")) if answer.status_code == 200 else ""
        except (requests.RequestException, ValueError):
            return ""


def recovery(proofs: list[Proof], fault_ended: float) -> float | None:
    """Seconds from a fault's end to the first proof that was begun after it; None when there was none."""
    return min((each.ended - fault_ended for each in proofs if each.began >= fault_ended), default=None)
