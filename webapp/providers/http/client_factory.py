"""HTTP clients as every provider's package makes them: one circuit breaker and one rate limit by name."""

from collections.abc import Callable, Mapping

from webapp.db import Database
from webapp.providers.http.answer_kinds import KnownAnswers
from webapp.providers.http.circuit_breaker import CircuitBreaker
from webapp.providers.http.client import ClientConfig, HttpClient
from webapp.providers.http.rate_limiter import RateLimiter
from webapp.settings import Settings


class ClientFactory:
    """What a provider's package needs to connect."""

    def __init__(self, settings: Settings, db: Database) -> None:
        self.settings, self.db = settings, db

    def client(
        self, name: str, base: str, headers: Callable[[], Mapping[str, str]], answers: KnownAnswers, *, per_minute: int
    ) -> HttpClient:
        """A client of one address. Nothing connects before its first call."""
        found = self.settings
        config = ClientConfig(name, base, headers, answers, found.provider_timeout_seconds)
        limiter = RateLimiter(name, per_minute, found.redis_address)
        return HttpClient(config, CircuitBreaker(self.db, name), limiter, parallel=found.provider_parallel_calls)
