"""Desks whose external ledger is the sandbox's Blnk."""

from tests.providers.conftest import outfit, sandbox, served  # noqa: F401
