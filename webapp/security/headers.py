"""Security headers of every response: a strict Content-Security-Policy with a nonce, HSTS, no framing, no sniffing."""

import secrets

from flask import Flask, Response, g, request

from webapp.security.context import request_id

_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()",
}
_YEAR = 31_536_000


def nonce() -> str:
    """This answer's nonce for its scripts and styles."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(18)
    return str(g.csp_nonce)


def allow_own_frames() -> None:
    """This answer's page may have frames of this desk in it; no other has any."""
    g.csp_frames = True


def policy() -> str:
    """What a page may load: its own files, and scripts and styles that carry the nonce."""
    own = f"'self' 'nonce-{nonce()}'"
    frames = "; frame-src 'self'" if g.get("csp_frames") else ""
    return (
        f"default-src 'none'; script-src {own}; style-src {own}; img-src 'self' data:; font-src 'self'; "
        f"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'{frames}"
    )


def register_headers(app: Flask) -> None:
    """Put the headers on every answer."""
    app.after_request(_headers)


def _headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", policy())
    for name, value in _FIXED.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-ID"] = request_id()
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = f"max-age={_YEAR}; includeSubDomains"
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
