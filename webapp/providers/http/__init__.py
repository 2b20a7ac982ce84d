"""How a provider is called: client, pace, circuit breaker, leases, and what an answer means."""
