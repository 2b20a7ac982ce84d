"""Jobs that a test declares for itself."""

from tests.support.declared_jobs import declare  # noqa: F401
