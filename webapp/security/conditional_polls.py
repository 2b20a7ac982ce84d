"""A page that asks every few seconds what is new is sent nothing when nothing is.

The page's script names what it shows (`If-None-Match`, RFC 9110), from the first time on: a page that is live has its
own tag in it. The nonce and the CSRF token are made anew for each answer, and are no news; nor is "3 minutes ago" in
the place of "2 minutes ago", which is told once a minute.
"""

import hashlib
import re

from flask import Flask, Response, g, request

from webapp import clock
from webapp.security.principal import POLL_HEADER

_PLACE = b'data-shown=""'
_RELATIVE = re.compile(rb'(<time datetime="[^"]*")[^>]*>[^<]*')


def register_conditional_polls(app: Flask) -> None:
    """Answer a poll for what is shown already by 304. Registered after the compression, which it spares."""
    app.after_request(_conditional)


def _conditional(response: Response) -> Response:
    if request.method != "GET" or response.status_code != 200 or response.mimetype != "text/html":
        return response
    if response.is_streamed:
        return response
    page = response.get_data()
    if POLL_HEADER in request.headers:
        response.set_etag(tag := _tag(page), weak=True)
        if request.if_none_match.contains_weak(tag):
            response.status_code = 304
            response.set_data(b"")
    elif _PLACE in page:
        response.set_data(page.replace(_PLACE, b'data-shown="%s"' % _tag(page).encode()))
    return response


def _tag(page: bytes) -> str:
    for made_anew in (g.get("csp_nonce"), g.get("csrf_token")):
        if made_anew:
            page = page.replace(str(made_anew).encode(), b"")
    minute = f"{clock.now():%Y-%m-%dT%H:%M}".encode()
    return hashlib.blake2b(_RELATIVE.sub(rb"\1", page) + minute, digest_size=16).hexdigest()
