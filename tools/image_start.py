"""`make image`: build the image's root from Debian packages, and start every command in it as the image does.

The root is read-only, the user is the image's, and PostgreSQL and Redis are those of the tests, on this machine. What
does not what it should is named, and ends this with 1. It needs root: `sudo make image`.
"""

import json
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import image_root

from real import servers
from soak.servers import PostgreSQL

FOLDER = image_root.HERE / "var" / "image"
_PATIENCE = 60.0
HOST = "desk.example.com"


class Container:
    """Starts commands in the root as a container would."""

    def __init__(self, folder: Path, settings: dict[str, str], sockets: Path) -> None:
        image = json.loads((folder / "image.json").read_text())
        self._root, self._user, self._env = folder / "desk", image["user"], image["env"] | settings
        self._entrypoint, self._workdir, self.health = image["entrypoint"], image["workdir"], image["healthcheck"]
        self._cmd, self._data = image["cmd"], folder / "data"
        at, (uid, gid) = self._root, self._user.split(":")
        self._mounts = [
            f"mount --bind {sockets} {at}/mnt",
            f"mount --bind {self._data} {at}{image['volumes'][0]}",
            f"mount -t tmpfs -o mode=1777 tmpfs {at}/tmp",
            f"mount -o remount,bind,ro {at}",
        ]
        self._data.mkdir(exist_ok=True, mode=0o700)
        subprocess.run(["chown", "--recursive", f"{uid}:{gid}", str(self._data)], check=True)

    def words(self, command: Sequence[str], **more: str) -> list[str]:
        """The words that start these, whatever they are, in the root."""
        return image_root.in_root(self._root, command, self._env | more, self._workdir, self._mounts, self._user)

    def desk(self, *command: str, **more: str) -> list[str]:
        """The same for the image's entry point; without words, for what it starts by itself."""
        return self.words([*self._entrypoint, *(command or self._cmd)], **more)

    def succeeds(self, command: Sequence[str], **more: str) -> bool:
        """Whether it ends with 0."""
        return subprocess.run(self.words(command, **more), capture_output=True, check=False).returncode == 0


def check(name: str, holds: bool, detail: str = "") -> None:
    """Say that it holds. Raises SystemExit when it doesn't."""
    print(f"{'ok  ' if holds else 'BAD '} {name}", flush=True)
    if not holds:
        raise SystemExit(f"{name}: {detail[-2000:]}")


@contextmanager
def running(log: Path, words: list[str], probe: list[str]) -> Iterator[None]:
    """A process that its probe calls ready; it ends with 0 when it is asked to stop."""
    with log.open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=out)
    try:
        ends = time.monotonic() + _PATIENCE
        while subprocess.run(probe, capture_output=True, check=False).returncode:
            if process.poll() is not None or time.monotonic() > ends:
                check(f"{log.stem} comes up", False, log.read_text())
            time.sleep(0.5)
        check(f"{log.stem} is ready by its own probe", True)
        yield
        process.send_signal(signal.SIGTERM)
        check(f"{log.stem} ends with 0 when asked to stop", process.wait(timeout=_PATIENCE) == 0, log.read_text())
    finally:
        if process.poll() is None:
            process.kill()


def printed(container: Container, *command: str) -> str:
    """What a command says; it ends with 0."""
    found = subprocess.run(container.desk(*command), capture_output=True, text=True, check=False, timeout=180)
    check(f"desk {' '.join(command)}", found.returncode == 0, found.stdout + found.stderr)
    return found.stdout


def start_all(container: Container, folder: Path) -> None:
    """Every command that the image is for."""
    check(
        "the root is read-only",
        not any(container.succeeds(["touch", each]) for each in ("/new", "/opt/escrow-desk/new")),
    )
    check("the folder for data is not", container.succeeds(["touch", "/var/lib/escrow-desk/new"]))
    tools = "command -v gcc cc make git pip python3-config || ls /opt/escrow-desk/bin/pip*"
    found = subprocess.run(container.words(["/bin/sh", "-c", tools]), capture_output=True, text=True, check=False)
    check("there is nothing that builds", found.returncode != 0, found.stdout)
    printed(container, "--help")
    check("secrets come from files", "SECRET_KEY_FILE=/mnt/secret_key" in printed(container, "settings"))
    printed(container, "migrate")
    alive = f"/var/lib/escrow-desk/alive-{secrets.token_hex(4)}"
    for name in ("worker", "scheduler"):
        own = {"ALIVE_FILE": f"{alive}-{name}"}
        probe = container.words(["desk-probe", "ready"], **own)
        with running(folder / f"{name}.log", container.desk(name, **own), probe):
            check(
                f"{name} is alive",
                subprocess.run(container.words(container.health, **own), check=False).returncode == 0,
            )
    with running(folder / "web.log", container.desk(), container.words(["desk-probe", "ready"])):
        check("web is healthy", container.succeeds(container.health))
        found = subprocess.run(container.desk("doctor", "--json"), capture_output=True, text=True, check=False)
        verdicts = {each["check"]: each["verdict"] for each in json.loads(found.stdout)}
        wanted = {"settings", "database", "migrations", "redis", "clock"}
        check(
            "desk doctor finds nothing wrong with what it runs on",
            {verdicts[each] for each in wanted} == {"ok"},
            found.stdout,
        )
    for job in ("process_payout_schedules", "release_placement_holds", "release_pending_earnings"):
        printed(container, "run", job, "--due", "--json")


def main() -> int:
    """Build unless told not to, and start."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if "--built" not in sys.argv:
        build = image_root.Build(FOLDER)
        build.carry_out((image_root.HERE / "Containerfile").read_text())
        build.write()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        postgresql = PostgreSQL(folder)
        log = folder / "postgresql.log"
        shared = postgresql.socket.parent
        with (
            servers.running(postgresql.command, log, lambda: postgresql.answers("postgres"), postgresql.user),
            servers.redis(folder / "redis") as port,
        ):
            postgresql.create_database()
            (shared / "secret_key").write_text(f"{secrets.token_urlsafe(48)}\n")
            (shared / "database_url").write_text(f"{postgresql.address(sockets=Path('/mnt'))}\n")
            (shared / "redis_url").write_text(f"redis://127.0.0.1:{port}/0\n")
            files = {f"{each.upper()}_FILE": f"/mnt/{each}" for each in ("secret_key", "database_url", "redis_url")}
            settings = files | {"TRUSTED_HOSTS": HOST, "PORT": str(servers.free_port())}
            start_all(Container(FOLDER, settings, shared), folder)
    print("Every command of the image starts, works and ends.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
