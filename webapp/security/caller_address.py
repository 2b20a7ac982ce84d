"""What proxies hand on: the address that a request comes from, and a host that lost its port on the way."""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import request
from flask_wtf.csrf import CSRFError

_WITH_PORT = re.compile(r"\[([^\]]{1,45})\](?::[0-9]{1,5})?|([0-9.]{7,15}):[0-9]{1,5}")
_LONGEST = 45
"""Signs of the longest address of the sixth version."""
_FOREIGN = "The referrer does not match the host."
"""What Flask-WTF says of a form that was sent from another origin."""


def plain_address(text: str) -> str:
    """The address in the text, without a port; empty when there is none."""
    ported = _WITH_PORT.fullmatch(text)
    found = (ported[1] or ported[2]) if ported else text
    try:
        return str(ip_address(found)) if len(found) <= _LONGEST else ""
    except ValueError:
        return ""


def with_known_address(application: WSGIApplication) -> WSGIApplication:
    """The application below a ProxyFix; what a proxy handed on counts for the proxy's own address if it is none."""

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        peer = str(environ.get("werkzeug.proxy_fix.orig", {}).get("REMOTE_ADDR") or "")
        environ["REMOTE_ADDR"] = plain_address(environ.get("REMOTE_ADDR") or "") or peer
        return application(environ, start)

    return answer


def seen_by_browser() -> str:
    """Host and port of the page that sent the form."""
    return _page_of_form().netloc


def is_port_lost(error: CSRFError) -> bool:
    """Whether the form is ours by the host's name, and only the port differs."""
    return error.description == _FOREIGN and _page_of_form().hostname == urlsplit(f"//{request.host}").hostname


def _page_of_form() -> SplitResult:
    """The address of the page that sent the form, as the browser tells it; an empty one when it is none: `https://[`."""
    try:
        return urlsplit(request.referrer or "")
    except ValueError:
        return urlsplit("")
