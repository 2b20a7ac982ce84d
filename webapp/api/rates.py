"""How often one caller may ask the API: counted in Redis for all processes together, in memory while Redis is away."""

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from webapp.runtime import Runtime
from webapp.security.context import current_asker


def limit(app: Flask, runtime: Runtime) -> None:
    """Refuse who asks more often than API_RATE_LIMIT says, with 429 and Retry-After. Pages are not counted."""
    Limiter(
        _caller,
        app=app,
        application_limits=[runtime.settings.api_rate_limit],
        application_limits_exempt_when=lambda: not request.path.startswith("/api/v"),
        storage_uri=_storage(runtime.settings.redis_address),
        storage_options={"socket_connect_timeout": 1, "socket_timeout": 1},
        in_memory_fallback=[runtime.settings.api_rate_limit],
        swallow_errors=True,
        headers_enabled=True,
        retry_after="delta-seconds",
        key_prefix="desk-rate",
    )


def _caller() -> str:
    asker = current_asker()
    return asker.actor.key if asker else get_remote_address()


def _storage(redis_address: str) -> str:
    return f"redis+{redis_address}" if redis_address.startswith("unix:") else redis_address
