"""Structured logs: one line per event, with the run, request and actor it belongs to."""

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import structlog

_HIDDEN = ("password", "secret", "token", "authorization", "cookie", "key")
_EMAIL = r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+"
_TELEPHONE = r"\+[1-9]\d{0,2}(?:[ -]?\d{2,4}){3,4}\b"
_ADDRESS = re.compile(rf"(?<![\w/:.@+-])(?:{_EMAIL}|{_TELEPHONE})")
_MASK = "[address]"


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
                _hide_addresses,
                last,
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for noisy in ("rq", "rq.worker", "rq.job", "alembic", "fontTools"):
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


def without_addresses(value: Any) -> Any:
    """A value without the email addresses and telephone numbers in its texts: a server's answer may repeat them."""
    if isinstance(value, str):
        return _ADDRESS.sub(_MASK, value) if "@" in value or "+" in value else value
    if isinstance(value, dict):
        return {name: without_addresses(each) for name, each in value.items()}
    return [without_addresses(each) for each in value] if isinstance(value, list | tuple) else value


def _hide_addresses(_logger: Any, _name: str, event: Any) -> Any:
    return without_addresses(event)
