"""Which addresses are for machines: they answer in JSON, errors included, and never redirect to a page."""

from flask import request

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""They change nothing."""
JSON_PREFIXES = ("/api/", "/admin/escrow-jobs/", "/webhooks/", "/livez", "/readyz", "/healthz", "/metrics")


def answers_in_json() -> bool:
    """Whether the request under way expects JSON."""
    return request.path.startswith(JSON_PREFIXES) or request.path.endswith(".json")
