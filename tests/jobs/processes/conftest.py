"""A receiver of webhooks and a mail server, both real, and a desk that may reach them."""

from tests.support.receivers import letters, place, receiver  # noqa: F401
