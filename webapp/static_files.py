"""Static files under names that tell their content: a browser may keep each for a year and asks for it no more."""

import hashlib
import re
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, current_app

from webapp.project_folders import STATIC

_YEAR = 31_536_000
"""Seconds. More is no use: RFC 9111 lets a cache forget when it likes."""
_NAMED = re.compile(r"(?P<stem>.+)\.(?P<digest>[0-9a-f]{12})\.(?P<kind>[a-z0-9]+)")


def static_address(name: str) -> str:
    """Where `desk.css` lies for browsers: `/static/desk.0123456789ab.css`. Raises FileNotFoundError."""
    stem, _, kind = name.rpartition(".")
    return f"/static/{stem}.{_digest(name)}.{kind}"


def register_static_files(app: Flask) -> None:
    """Serve them, and give templates `static_address`."""
    app.view_functions["static"] = _send
    app.jinja_env.globals["static_address"] = static_address


def _send(filename: str) -> Response:
    """A file by its own name, or by the name that tells its content.

    While one release follows another, a page of the one may ask the other for a file. It gets what is there, but not to
    keep under a name that tells another content.
    """
    named = _NAMED.fullmatch(filename)
    if named is None:
        return current_app.send_static_file(filename)
    name = f"{named['stem']}.{named['kind']}"
    answer = current_app.send_static_file(name)
    if named["digest"] == _digest(name):
        answer.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    return answer


def _digest(name: str) -> str:
    file = STATIC / name
    return _digest_of(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=100)
def _digest_of(file: Path, _changed: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]
