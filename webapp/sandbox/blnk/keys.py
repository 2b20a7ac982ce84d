"""Blnk's keys with scopes: made with the master key, each may do what its scopes name."""

import uuid

from flask import Response, request

from webapp.sandbox.blnk.envelope import KEY, BlnkWrong, blueprint, invalid, request_body, respond
from webapp.sandbox.core.sandbox import current


@blueprint.post("/api-keys")
def api_keys() -> Response:
    """A new key."""
    if request.headers.get("X-Blnk-Key") != current().keys.blnk_api_key:
        raise BlnkWrong("AUTH_MASTER_KEY_REQUIRED", "Master key required")
    body = request_body()
    if not body.get("name") or not isinstance(body.get("scopes"), list):
        raise invalid("name: cannot be blank; scopes: cannot be blank.", "GEN_VALIDATION_ERROR")
    made = current().store.add(KEY, uuid.uuid4().hex, {"name": body["name"], "scopes": body["scopes"]})
    assert made is not None
    return respond({"api_key_id": f"api_key_{made.number}", "key": made.key} | made.data, 201)
