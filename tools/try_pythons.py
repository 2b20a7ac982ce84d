"""Under each supported Python that is here, in a clean copy: install, start, first page, one run, stop. Prints seconds.

Each copy has a folder, a port and a server of its own, on this machine only. What was started is ended, also on Ctrl-C
and SIGTERM.
"""

import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
PLACES = ("~/.pyenv/versions/{}*/bin", "/opt/homebrew/bin", "/usr/local/bin", "/usr/bin")
JOB = "release_pending_earnings"
LONGEST = {"install": 900, "first page": 180, "run": 120, "stop": 60}
MOVES = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DESK_ENV", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")


class Failed(Exception):
    """A step that did not end well; its message says which."""


def found(version):
    """A Python of this version that runs, or None."""
    name = f"python{version}"
    places = [folder for pattern in PLACES for folder in sorted(glob.glob(os.path.expanduser(pattern.format(version))))]
    for python in filter(None, [shutil.which(name), *(shutil.which(name, path=folder) for folder in places)]):
        if subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0:
            return python
    return None


def copy(target):
    """What is tracked, or could be, without what was made here."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], capture_output=True, text=True, check=True
    )
    for name in filter(os.path.isfile, listed.stdout.split("\0")):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(name, target / name)


class Desk:
    """`make up` in a clean copy, from the installation to its end."""

    def __init__(self, folder, python):
        self.folder, self.seconds = folder, {}
        self.port = free_port()
        self.around = {name: value for name, value in os.environ.items() if name not in MOVES}
        self.around |= {"PORT": str(self.port), "VAR_DIR": str(folder / "var")}
        self.log = folder / "up.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["make", "up", f"PYTHON={python}"],
                cwd=folder, env=self.around, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def step(self, name, done):
        """Wait until it is done. Raises Failed when that takes too long, or the desk ends meanwhile."""
        began = time.monotonic()
        while not done():
            if self.process.poll() is not None:
                raise Failed(f"{name}: make up ended with {self.process.returncode}")
            if time.monotonic() - began > LONGEST[name]:
                raise Failed(f"{name}: not within {LONGEST[name]} s")
            time.sleep(0.1)
        self.seconds[name] = time.monotonic() - began

    def installed(self):
        """Whether all is installed."""
        return (self.folder / ".venv" / ".ready").exists()

    def shows_a_page(self):
        """Whether the first page comes."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/", timeout=10) as page:
                return page.status == 200 and b"Escrow Desk" in page.read()
        except OSError:
            return False

    def run(self):
        """One run of a job, as a person would start it."""
        began = time.monotonic()
        command = [str(self.folder / ".venv" / "bin" / "desk"), "run", JOB]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.around,
            timeout=LONGEST["run"],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise Failed(f"run: {done.stderr or done.stdout}")
        self.seconds["run"] = time.monotonic() - began

    def stop(self):
        """As Ctrl-C does it; whoever does not stop is ended."""
        began = time.monotonic()
        signal_group(self.process.pid, signal.SIGINT)
        try:
            self.process.wait(LONGEST["stop"])
        except subprocess.TimeoutExpired:
            signal_group(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise Failed(f"stop: not within {LONGEST['stop']} s") from None
        self.seconds["stop"] = time.monotonic() - began


def signal_group(pid, number):
    """Make and the desk below it; the desk ends its own children."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return


def free_port():
    """A port that nobody listens on; the next one is the sandbox's."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def attempt(version, python):
    """All steps under this Python, printed as a line. Whether they went well."""
    with tempfile.TemporaryDirectory(prefix="desk-") as place:
        folder = Path(place).resolve()
        copy(folder)
        desk = Desk(folder, python)
        problem = None
        try:
            desk.step("install", desk.installed)
            desk.step("first page", desk.shows_a_page)
            desk.run()
        except (Failed, subprocess.TimeoutExpired) as failed:
            problem = failed
        finally:
            problem = ended(desk) or problem
        took = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in desk.seconds.items())
        print(f"{version}  {took}; {weight(folder)}  ({python})", flush=True)
        if problem:
            print(f"{version}  FAILED, {problem}\n{desk.log.read_text()[-3000:]}", file=sys.stderr)
        return problem is None


def ended(desk):
    """Stop it; what went wrong in that, or None."""
    try:
        desk.stop()
    except Failed as failed:
        return failed
    return None


def weight(folder):
    """How much was installed."""
    packages = len(glob.glob(str(folder / ".venv/lib/python*/site-packages/*.dist-info")))
    size = sum(file.lstat().st_size for file in (folder / ".venv").rglob("*"))
    return f"{packages} packages, {size // 2**20} MB"


def main():
    """Exit 1 when one failed, or there was none."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    here = {version: found(version) for version in VERSIONS}
    print(f"server: {shutil.which('valkey-server') or shutil.which('redis-server') or 'the Valkey that comes along'}")
    results = [attempt(version, python) for version, python in here.items() if python]
    missing = [version for version, python in here.items() if not python]
    if missing:
        print(f"not here: {', '.join(missing)}")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
