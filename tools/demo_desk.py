"""A desk with demo data on this machine, and people who sign in to it, for what looks at its pages."""

import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

STARTS_WITHIN = 300
"""Seconds."""


class Failed(Exception):
    """Nothing came about; the message says why."""


@contextmanager
def demo_desk(folder: Path, *, at_work: bool = False) -> Iterator[tuple[str, Path]]:
    """The address of a desk with demo data, and its log; it ends with the block.

    Its pages alone, or with everything that `desk up` starts: then its jobs are run.
    """
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port = asked.getsockname()[1]
    own = {"VAR_DIR": str(folder), "PORT": str(port), "DATABASE_URL": f"sqlite:///{folder}/desk.sqlite3"}
    environment = os.environ | own | {"SECRET_KEY": secrets.token_hex(32), "LOG_FORMAT": "json"}
    desk, log = str(Path(sys.executable).with_name("desk")), folder / "desk.log"
    for command in () if at_work else (["migrate"], ["demo", "seed"]):
        subprocess.run([desk, *command], env=environment, cwd=folder, check=True, capture_output=True)
    with log.open("w") as output:
        command = [desk, "up" if at_work else "web"]
        running = subprocess.Popen(command, env=environment, cwd=folder, stdout=output, stderr=output)
        try:
            _wait_for(f"http://127.0.0.1:{port}/readyz", running, 200 if at_work else 503)
            yield f"http://127.0.0.1:{port}", log
        finally:
            running.terminate()
            running.wait(60)


def _wait_for(address: str, running: subprocess.Popen[bytes], status: int) -> None:
    """Until it answers with this status, or a better one: pages alone are never ready."""
    ends = time.monotonic() + STARTS_WITHIN
    while running.poll() is None and time.monotonic() < ends:
        with suppress(requests.ConnectionError):
            if requests.get(address, timeout=5).status_code <= status:
                return
        time.sleep(0.2)
    raise Failed("The desk did not start.")


def signed_in(base: str, email: str, password: str) -> str:
    """The cookie of somebody who has signed in. Raises Failed."""
    browser = requests.Session()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(f"{base}/sign-in", timeout=30).text)
    fields = {"email": email, "password": password, "csrf_token": token[1] if token else ""}
    browser.post(f"{base}/sign-in", data=fields, timeout=30, allow_redirects=False)
    cookie = browser.cookies.get("desk_session") or ""
    if not is_signed_in(base, cookie):
        raise Failed(f"{email} could not sign in.")
    return cookie


def is_signed_in(base: str, cookie: str) -> bool:
    """Whether the cookie opens a page that only people see."""
    answer = requests.get(f"{base}/profile/", cookies={"desk_session": cookie}, timeout=30, allow_redirects=False)
    return answer.status_code == 200
