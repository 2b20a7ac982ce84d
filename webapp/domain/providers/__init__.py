"""The port to payment providers: results, their messages in words, fencing, and idempotency keys."""
