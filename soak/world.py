"""The world of a soak: the desk's processes as a deployment runs them, what they talk to, and the links between."""

import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from soak.links import HOST, Links
from soak.processes import Start, Supervised, Supervisor, execute
from soak.receiver import Receiver
from soak.releases import unpack
from soak.servers import PostgreSQL, RedisServer
from soak.setting_up import CURRENCY, Accounts, set_up
from webapp.sandbox.core.settings import SANDBOX_KEYS

_A_LOT = f"{CURRENCY}=900000000.00"
SETTINGS = {
    "DESK_ENV": "test",
    "LOG_FORMAT": "json",
    "RUN_LEASE_SECONDS": "6",
    "SILENCE_SECONDS": "10",
    "ESCROW_AUTO_RELEASE_DAYS": "0",
    "BUFFER_DAYS": "0",
    "CLAIM_COOLDOWN_HOURS": "0",
    "PAYOUT_DESTINATION_WAIT_HOURS": "0",
    "ESCROW_FEE_BASIS_POINTS": "250",
    "APPROVAL_LIMITS": _A_LOT,
    "API_RATE_LIMIT": "100000 per minute",
    "PROVIDER_TIMEOUT_SECONDS": "4",
    "LEDGER": "blnk",
    "CHARGEBACK_LIABILITY": "seller",
    "WEBHOOK_PRIVATE_ADDRESSES": f"{HOST}/32",
}
"""Leases, silences and time-outs shorter than a deployment's, so that hours of trouble fit into minutes."""


@dataclass(frozen=True)
class Size:
    """How many of each there are."""

    webs: int = 2
    workers: int = 4
    schedulers: int = 2


class World:
    """Everything, in a folder of its own that goes with it unless it is kept; the log files lie in `log`."""

    def __init__(
        self, size: Size, begin: Start = execute, *, on_a_small_disk: bool = False, previous: str | None = None
    ) -> None:
        """With `previous`, a commit, everything starts as that release."""
        self.folder = Path(tempfile.mkdtemp(prefix="desk-soak-"))
        os.chmod(self.folder, 0o711)  # PostgreSQL runs as somebody else when this is root
        self.log = self.folder / "log"
        self.log.mkdir()
        self.secret = secrets.token_hex(32)
        self.release = unpack(previous, self.folder / "previous") if previous else None
        self.links, self.supervisor = Links(), Supervisor(begin)
        self.receiver = Receiver(self.folder / "received.jsonl")
        self.postgresql = PostgreSQL(self.folder, on_a_small_disk=on_a_small_disk)
        self.sandbox_port, self.smtp_port, *redis_ports = _free_ports(4)
        self.redis, self.standby = (
            RedisServer(self.folder, f"redis-{number}", port) for number, port in enumerate(redis_ports, 1)
        )
        self.sandbox_file = self.folder / "sandbox" / "books.sqlite3"  # the sandbox makes its folder private
        self.web_ports = _free_ports(size.webs)
        self.front = self.links.add("front", list(self.web_ports))
        self._add_outside()
        self._add_desk(size)
        self.accounts = Accounts({}, {})

    @property
    def url(self) -> str:
        """Where the desk is, by way of what divides the load."""
        return f"http://{HOST}:{self.front.port}"

    @property
    def sandbox_url(self) -> str:
        """Where the provider is, past every link."""
        return f"http://{HOST}:{self.sandbox_port}"

    def start(self) -> None:
        """Start everything and wait until it serves."""
        self.supervisor.start("postgresql", "redis", "sandbox")
        until(lambda: self.postgresql.answers("postgres"), 60)
        self.postgresql.create_database()
        making = self.release.set_up if self.release else set_up
        self.accounts = making(self.postgresql.address(), self.secret, SETTINGS)
        self.supervisor.start()
        until(lambda: requests.get(f"{self.url}/readyz", timeout=5).status_code == 200, 120)
        until(lambda: requests.get(f"{self.sandbox_url}/control/options", timeout=5).status_code == 200, 60)

    @property
    def redis_process(self) -> Supervised:
        """The process of the Redis that the desk talks to."""
        return self.supervisor.processes[self.redis.name]

    @property
    def redis_standby_process(self) -> Supervised:
        """The process of its replica."""
        return self.supervisor.processes[self.standby.name]

    def fail_redis_over(self) -> None:
        """Promote the replica and lead everybody there; the first dies, and is started again as its replica."""
        first, then, dying = self.redis, self.standby, self.redis_process
        then.follow(None)
        self.redis, self.standby = then, first
        self.redis_process.command, dying.command = then.command, first.command_as_replica(then)
        for name, link in self.links.by_name.items():
            if name.endswith(":redis"):
                self.links.lead(link, [then.socket])
        dying.send(signal.SIGKILL)

    def control(self, path: str, body: Any = None, method: str = "POST", timeout: float = 5) -> Any:
        """Move the provider's world."""
        answer = requests.request(method, f"{self.sandbox_url}/control/{path}", json=body, timeout=timeout)
        answer.raise_for_status()
        return answer.json()

    def close(self, keep: Path | None = None) -> None:
        """End everything; the logs and journals are copied to `keep`."""
        try:
            self.supervisor.stop()
        finally:
            self.receiver.close()
            self.links.close()
            if keep is not None:
                shutil.rmtree(keep, ignore_errors=True)
                shutil.copytree(self.log, keep)
            if self.postgresql.disk:
                self.postgresql.disk.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _add_outside(self) -> None:
        at = self.postgresql
        self.supervisor.add("postgresql-1", at.command, os.environ, self.log / "postgresql.log", at.user)
        first, second = self.redis, self.standby
        for each, starting in ((first, first.command), (second, second.command_as_replica(first))):
            self.supervisor.add(each.name, starting, os.environ, self.log / f"{each.name}.log")
        command = [sys.executable, "-m", "webapp.cli", "sandbox", "--port", str(self.sandbox_port)]
        command += ["--smtp-port", str(self.smtp_port), "--file", str(self.sandbox_file), "--desk", self.url]
        around = os.environ | SANDBOX_KEYS | {"VAR_DIR": str(self.folder / "sandbox")}
        self.supervisor.add("sandbox-1", command, around, self.log / "sandbox.log")

    def _add_desk(self, size: Size) -> None:
        for number, port in enumerate(self.web_ports, 1):
            around = self._environment(f"web-{number}") | {"PORT": str(port)}
            self._add_process(f"web-{number}", ["web", "--processes", "1"], around)
        for kind, count in (("worker", size.workers), ("scheduler", size.schedulers)):
            for number in range(1, count + 1):
                self._add_process(f"{kind}-{number}", [kind], self._environment(f"{kind}-{number}"))

    def _add_process(self, name: str, arguments: list[str], around: dict[str, str]) -> None:
        command = [sys.executable, "-m", "webapp.cli", *arguments]
        if self.release:
            around = around | self.release.environment()
        self.supervisor.add(name, command, around, self.log / f"{name}.log")

    def _environment(self, name: str) -> dict[str, str]:
        """The environment of a process, whose links are its own."""
        folder = self.folder / "links" / name
        self.links.add(f"{name}:postgresql", [self.postgresql.socket], folder / ".s.PGSQL.5432")
        self.links.add(f"{name}:redis", [self.redis.socket], folder / "redis.sock")
        provider = self.links.add(f"{name}:provider", [self.sandbox_port]).port
        return os.environ | SETTINGS | SANDBOX_KEYS | _provider(provider, self.smtp_port, self.sandbox_port) | {
            "DATABASE_URL": self.postgresql.address(sockets=folder),
            "REDIS_URL": f"unix://{folder / 'redis.sock'}",
            "SECRET_KEY": self.secret,
            "VAR_DIR": str(self.folder / "var"),
            "PUBLIC_URL": self.url,
            "PYTHONUNBUFFERED": "1",
        }  # fmt: skip


def _provider(port: int, smtp_port: int, chat_port: int) -> dict[str, str]:
    """How it is reached: by the process's own link, but for texts and chat, whose addresses the desk keeps."""
    url = f"http://{HOST}:{port}"
    return {
        "PAYSTACK_URL": f"{url}/paystack",
        "FLUTTERWAVE_URL": f"{url}/flutterwave",
        "FLUTTERWAVE_V3_URL": f"{url}/flutterwave",
        "FLUTTERWAVE_TOKEN_URL": f"{url}/flutterwave/idp/token",
        "BLNK_URL": f"{url}/blnk",
        "SMTP_URL": f"smtp://{HOST}:{smtp_port}",
        "NOTIFY_URLS": f"json://{HOST}:{chat_port}/chat,json://{HOST}:{chat_port}/sms/{{phone}}",
        "ALERT_URLS": f"json://{HOST}:{chat_port}/chat",
    }


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def until(true: Any, seconds: float, pause: float = 0.2) -> Any:
    """Wait until something is true and give it; what it raises counts as not yet. Raises TimeoutError."""
    ends, last = time.monotonic() + seconds, None
    while time.monotonic() < ends:
        try:
            if answer := true():
                return answer
        except Exception as problem:
            last = problem
        time.sleep(pause)
    raise TimeoutError(f"not within {seconds:g} s") from last
