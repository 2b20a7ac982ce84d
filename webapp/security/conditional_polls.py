"""A page that asks every few seconds what is new is sent nothing when nothing is.

The page's script names the answer that it shows (`If-None-Match`, RFC 9110). The nonce and the CSRF token are made anew
for each answer, and are no news.
"""

import hashlib

from flask import Flask, Response, g, request

from webapp.security.principal import POLL_HEADER


def register_conditional_polls(app: Flask) -> None:
    """Answer a poll for what is shown already by 304. Registered after the compression, which it spares."""
    app.after_request(_conditional)


def _conditional(response: Response) -> Response:
    asks = POLL_HEADER in request.headers and request.method == "GET"
    if not asks or response.status_code != 200 or response.mimetype != "text/html" or response.is_streamed:
        return response
    tag = _tag(response.get_data())
    response.set_etag(tag, weak=True)
    if request.if_none_match.contains_weak(tag):
        response.status_code = 304
        response.set_data(b"")
    return response


def _tag(page: bytes) -> str:
    for made_anew in (g.get("csp_nonce"), g.get("csrf_token")):
        if made_anew:
            page = page.replace(str(made_anew).encode(), b"")
    return hashlib.blake2b(page, digest_size=16).hexdigest()
