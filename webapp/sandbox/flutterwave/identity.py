"""The identity provider of v4: an id and a secret for a token."""

import hmac

from flask import Response, jsonify, request

from webapp.sandbox.core.sandbox import current
from webapp.sandbox.flutterwave import tokens
from webapp.sandbox.flutterwave.envelope import identity, refused_identity


@identity.post("/token")
def token() -> Response:
    """A token for the client, as form fields ask for it."""
    sandbox, form = current(), request.form
    if form.get("grant_type") != "client_credentials":
        return refused_identity(400, "unsupported_grant_type", "Unsupported grant_type")
    pairs = [
        (form.get("client_id", ""), sandbox.keys.flutterwave_client_id),
        (form.get("client_secret", ""), sandbox.keys.flutterwave_client_secret),
    ]
    if not all(hmac.compare_digest(given.encode(), right.encode()) for given, right in pairs):
        return refused_identity(401, "invalid_client", "Invalid client or Invalid client credentials")
    return jsonify(
        {
            "access_token": tokens.issue(sandbox),
            "expires_in": sandbox.options.token_seconds,
            "refresh_expires_in": 0,
            "token_type": "Bearer",
            "not-before-policy": 0,
            "scope": "profile email",
        }
    )
