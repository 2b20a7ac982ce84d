"""How often one caller may ask the API: counted in Redis for all processes together, in memory while Redis is away."""

from http import HTTPStatus

from flask import Flask, Response, g, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from webapp.runtime import Runtime
from webapp.security.context import current_principal
from webapp.settings_parts import redis_address


def register_rate_limit(app: Flask, runtime: Runtime) -> None:
    """Refuse who asks more often than API_RATE_LIMIT says, with 429 and Retry-After. Pages are not counted."""
    address, options = redis_address.of_limits(
        runtime.settings.redis_address, socket_connect_timeout=1, socket_timeout=1
    )
    app.after_request(_say_when_only_to_who_waits)  # The last one named is asked first.
    Limiter(
        _caller,
        app=app,
        application_limits=[runtime.settings.api_rate_limit],
        application_limits_exempt_when=lambda: not request.path.startswith("/api/v"),
        storage_uri=address,
        storage_options=options,
        in_memory_fallback=[runtime.settings.api_rate_limit],
        swallow_errors=True,
        headers_enabled=True,
        retry_after="delta-seconds",
        key_prefix="desk-rate",
    )
    app.after_request(_remember_own)


def _remember_own(response: Response) -> Response:
    """What an answer says by itself, before the limiter writes over it."""
    g.retry_after = response.headers.get("Retry-After")
    return response


def _say_when_only_to_who_waits(response: Response) -> Response:
    """The limiter writes the end of its window into every answer: only who asked too often waits for that."""
    if response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
        response.headers.pop("Retry-After", None)
        if g.get("retry_after"):
            response.headers["Retry-After"] = g.retry_after
    return response


def _caller() -> str:
    principal = current_principal()
    return principal.actor.key if principal else get_remote_address()
