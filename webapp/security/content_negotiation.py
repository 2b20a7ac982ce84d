"""Which addresses are for machines: they answer in JSON, errors included, and never redirect to a page."""

from flask import current_app, request

from webapp.security.access import is_for_machines, is_for_scripts

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""They change nothing."""
_PREFIXES = ("/api/", "/admin/escrow-jobs/", "/livez", "/readyz", "/healthz", "/metrics")
_RECEIVERS = "/webhooks/"
"""Where providers send to; the screen of our own endpoints has the same address, so a page there is no machine's."""


def answers_in_json() -> bool:
    """Whether the request under way expects JSON: by its address, or because a token or a page's script asks."""
    return is_for_programs() or bearer_secret() is not None or is_for_scripts(_view())


def bearer_secret() -> str | None:
    """The token that the request shows; None when it shows none. Another scheme may be meant for a proxy before us."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else None


def is_for_programs() -> bool:
    """Whether the address is one that programs call, with a token or a signature. The others are pages, for people."""
    return request.path.startswith(_PREFIXES) or request.path.endswith(".json") or _is_a_provider()


def _is_a_provider() -> bool:
    if request.endpoint is None:
        return request.path.startswith(_RECEIVERS)
    return is_for_machines(_view())


def _view() -> object | None:
    return current_app.view_functions.get(request.endpoint) if request.endpoint else None
