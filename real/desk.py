"""A desk of real processes on real servers, for one trouble after another."""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from real.place import Finding, ask_doctor
from real.servers import free_port
from soak.client import with_token
from soak.forms import Forms
from soak.journal import Journal
from soak.probe import Probe, recovery
from soak.processes import Supervised, Supervisor
from soak.setting_up import set_up
from soak.world import until

JOB = "create_missing_wallets"
_STARTS = 60.0
_RECOVERS = 90.0
_TIMEOUT = 20.0
_STOPS = 40.0


class Desk:
    """`variables` are its environment; what is started is ended by `stop`."""

    def __init__(self, folder: Path, database: str, redis: str, **more: str) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.variables = {
            "DESK_ENV": "test",
            "LOG_FORMAT": "json",
            "DATABASE_URL": database,
            "REDIS_URL": redis,
            "SECRET_KEY": secrets.token_hex(32),
            "VAR_DIR": str(folder / "var"),
            "PORT": str(self.port),
            "SILENCE_SECONDS": "10",
            "RUN_LEASE_SECONDS": "6",
            "API_RATE_LIMIT": "100000 per minute",
            "PYTHONUNBUFFERED": "1",
        } | more
        self._supervisor, self._over = Supervisor(), threading.Event()
        self._probe: Probe | None = None
        self._forms: Forms | None = None

    def set_up(self) -> None:
        """Migrate, and add tokens and people."""
        accounts = set_up(self.variables["DATABASE_URL"], self.variables["SECRET_KEY"], self.variables, hurried=False)
        self.api = with_token(accounts.tokens["probe"])
        self.token = accounts.tokens["probe"]
        self.account = accounts.people["admin"]

    def start(self, *kinds: str, arguments: Mapping[str, list[str]] | None = None) -> None:
        """Start a process of each kind (by default one of all three), and wait until the pages answer."""
        for kind in kinds or ("web", "worker", "scheduler"):
            command = [sys.executable, "-m", "webapp.cli", kind, *(["--processes", "1"] if kind == "web" else [])]
            command = (arguments or {}).get(kind, command)
            self._supervisor.add(f"{kind}-1", command, self.environment(), self.folder / f"{kind}.log")
        self._supervisor.start(*kinds)
        if not kinds or "web" in kinds:
            until(lambda: requests.get(f"{self.url}/livez", timeout=2).status_code == 200, _STARTS)

    @property
    def database_name(self) -> str:
        """The name of its database on the server."""
        return urlsplit(self.variables["DATABASE_URL"]).path.lstrip("/")

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of one of its processes: nothing of ours but the way to programs."""
        return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | self.variables | more

    def process(self, kind: str) -> Supervised:
        """The one of this kind."""
        return self._supervisor.processes[f"{kind}-1"]

    def log(self, kind: str) -> str:
        """What it has logged."""
        return (self.folder / f"{kind}.log").read_text(errors="replace")

    def command(self, *arguments: str, **more: str) -> tuple[int, str]:
        """Exit code and output of a desk command."""
        command = [sys.executable, "-m", "webapp.cli", *arguments]
        done = subprocess.run(command, env=self.environment(**more), capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def doctor(self, **more: str) -> dict[str, Finding]:
        """What `desk doctor` finds."""
        return ask_doctor(self.environment(**more))

    def ready(self) -> tuple[int, dict[str, Any]]:
        """Status and body of `/readyz`."""
        answer = requests.get(f"{self.url}/readyz", timeout=_TIMEOUT)
        return answer.status_code, answer.json()

    def says_ready(self, check: str) -> str:
        """Status of `/readyz`, and what it says of one check."""
        status, body = self.ready()
        return f"{status} {body['checks'].get(check, '')}"

    def page(self, path: str = "/") -> requests.Response:
        """A page as an administrator sees it, who signs in on the way."""
        return self.forms.look(path)

    def write(self, path: str, *, version: int = 1, **body: object) -> dict[str, Any]:
        """Write something over the API. Raises AssertionError when it is refused."""
        answer = self.api.post(f"{self.url}/api/v{version}/{path}", json=body, timeout=_TIMEOUT)
        assert answer.status_code < 300, f"{path}: {answer.status_code} {answer.text[:300]}"
        return dict(answer.json())

    def dispute(self) -> int:
        """The number of a dispute, about an order that is paid."""
        for name in ("buyer", "seller"):
            self.write("parties", ref=name, name=name.capitalize())
        money = {"amount": 5_000, "currency": "NGN"}
        order = self.write(
            "orders", ref="1", buyer="buyer", seller="seller", amount=money, terms="paid", policy="completion"
        )
        escrow = order["escrow"]["id"]
        return int(self.write("disputes", escrow_id=escrow, claimant="buyer", reason_code="late", claim="1")["id"])

    @property
    def forms(self) -> Forms:
        """The hands of an administrator."""
        if self._forms is None:
            self._forms = Forms(self.url, self.account, Journal(self.folder / "journal"), self._over)
        return self._forms

    def prove(self) -> None:
        """From now on ask for a run again and again."""
        self._probe = Probe(self.url, self.token, JOB, self._over)
        threading.Thread(target=self._probe.run, daemon=True).start()

    def wait_until_well(self, since: float) -> float:
        """Seconds from this instant until a run that was asked for after it has ended well. Raises TimeoutError."""
        assert self._probe is not None
        proofs = self._probe.proofs
        return float(until(lambda: recovery(proofs, since), _RECOVERS, 0.05))

    def halt(self, *kinds: str) -> None:
        """Ask the processes of these kinds to end, wait until they have, and keep them down."""
        for each in self._supervisor.of(*kinds):
            each.held = True
            each.send(signal.SIGTERM)
            assert each.process is not None
            each.process.wait(_STOPS)

    def share_accounts(self, other: "Desk") -> None:
        """Know the people and tokens of another one, whose database this one has a copy of."""
        self.api, self.token, self.account = other.api, other.token, other.account

    def stop(self) -> None:
        """End everything."""
        self._over.set()
        self._supervisor.stop()


def now() -> float:
    """The monotonic clock, by which recoveries are measured."""
    return time.monotonic()
