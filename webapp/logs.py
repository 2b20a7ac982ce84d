"""Structured logs: one line per event, with the run, request and actor it belongs to."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import structlog

_HIDDEN = ("password", "secret", "token", "authorization", "cookie", "key")


class LogSettings(Protocol):
    """What of the settings logs need."""

    @property
    def log_format(self) -> str:
        """`json` or `console`."""


def configure(settings: LogSettings) -> None:
    """Write logs to standard error, as JSON or for a console; the libraries' own lines take the same way."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _hide_secrets,
    ]
    last: Any = structlog.processors.JSONRenderer()
    if settings.log_format == "console":
        last = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                last,
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for noisy in ("rq", "rq.worker", "rq.job", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def get_logger() -> Any:
    """A logger whose events are `name, field=value`."""
    return structlog.get_logger()


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Every line inside carries these fields: `run_id`, `request_id`, `actor`."""
    with structlog.contextvars.bound_contextvars(**fields):
        yield


def bind(**fields: Any) -> None:
    """Every line of this thread carries these fields until `unbind`."""
    structlog.contextvars.bind_contextvars(**fields)


def unbind() -> None:
    """Forget what was bound in this thread."""
    structlog.contextvars.clear_contextvars()


def _hide_secrets(_logger: Any, _name: str, event: Any) -> Any:
    for name in event:
        if any(word in name.lower() for word in _HIDDEN) and event[name]:
            event[name] = "***"
    return event
