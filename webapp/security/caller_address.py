"""The address that a request comes from, as trusted proxies say it: an address, whatever they hand on."""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_WITH_PORT = re.compile(r"\[([^\]]{1,45})\](?::[0-9]{1,5})?|([0-9.]{7,15}):[0-9]{1,5}")
_LONGEST = 45
"""Signs of the longest address of the sixth version."""


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
