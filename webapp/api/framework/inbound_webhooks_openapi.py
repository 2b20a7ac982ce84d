"""How the addresses of the providers' webhooks are described: what signs them, and what they are answered."""

from typing import Any

from webapp.api.framework import responses
from webapp.providers import catalogue

_REFUSED = {
    401: "The signature is missing or wrong, or the desk has no secret to check it with.",
    413: "The body is larger than 256 KiB.",
    503: "It can't be stored just now; `Retry-After` says when to send it again.",
}
_DESCRIPTION = "Stored before anything else, answered at once, and handled once however often it comes."


def described() -> dict[str, Any]:
    """The paths, as OpenAPI has them."""
    return {
        f"/webhooks/{provider}": {"post": _operation(provider)}
        for provider in (each.name for each in catalogue.every())
    }


def _operation(provider: str) -> dict[str, Any]:
    taken = {"type": "object", "required": ["status"], "properties": {"status": {"const": "ok"}}}
    refused = {str(status): responses.refusal(status, description) for status, description in _REFUSED.items()}
    good = {"description": "Stored.", "content": {"application/json": {"schema": taken}}}
    return {
        "operationId": f"take_{provider}_webhook",
        "tags": ["inbound-webhooks"],
        "summary": f"What {provider.title()} tells the desk.",
        "description": f"{_DESCRIPTION} Its signature says who sent it; no token is asked for.",
        "parameters": [
            {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": description}
            for name, description in catalogue.get(provider).signature_headers.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
        "responses": {"200": good} | refused,
        "security": [],
    }
