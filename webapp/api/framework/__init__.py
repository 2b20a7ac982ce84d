"""How an endpoint is declared, bound, parsed, answered and described."""
