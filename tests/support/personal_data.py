"""Logs are watched for personal data while tests run: names, addresses, telephone and account numbers of parties.

Whatever writes a line is looked at before it is formatted: records of `logging` as they are made, with their arguments
and the text of their exception, and events of structlog with what is bound to them. Email addresses and telephone
numbers are masked on the way out (`webapp/logs.py`), and so they are here. Processes that are forked from a test are
watched as well: what is found is noted in a file, and the test fails that left something there.
"""

import logging
import re
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from structlog._base import BoundLoggerBase

from webapp.logs import without_addresses
from webapp.services.parties import parties

_LOGGER: Any = BoundLoggerBase
_EMAIL = r"[\w.+'-]+@(?!desk\b)[\w-]+(?:\.[\w-]+)+"
_PHONE = r"\+[1-9]\d{0,2}[ -]?\d{2,3}[ -]?\d{3}[ -]?\d{3,4}\b"
_ACCOUNT = r"\b0\d{9}\b"
_PATTERN = re.compile(rf"(?<![\w/:.])(?:{_EMAIL}|{_PHONE}|{_ACCOUNT})")


class Watch:
    """What was found, and the names that this test gave to parties."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.names: set[str] = set()

    def look(self, where: str, *values: object) -> None:
        """Note what of this is personal."""
        text = " ".join(str(without_addresses(value)) for value in values)
        found = _PATTERN.search(text)
        hit = found[0] if found else next((name for name in self.names if _stands(name, text)), None)
        if hit is not None:
            with self._file.open("a") as file:
                file.write(f"{hit!r} in {where}: {text[:500]}\n")

    def taken(self) -> str:
        """What was found since the last question."""
        if not self._file.exists():
            return ""
        found = self._file.read_text()
        self._file.unlink()
        return found


def _stands(name: str, text: str) -> bool:
    return name in text and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return f"{record.msg} {record.args}"


@contextmanager
def watched() -> Iterator[Watch]:
    """Look at every line that is logged in here."""
    with tempfile.TemporaryDirectory() as folder:
        watch = Watch(Path(folder) / "found")
        factory, process, create = logging.getLogRecordFactory(), _LOGGER._process_event, parties.create

        def made(*args: Any, **kwargs: Any) -> logging.LogRecord:
            record = factory(*args, **kwargs)
            failure = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
            if not isinstance(record.msg, dict):  # An event of structlog, which was looked at.
                watch.look(f"a record of {record.name}", _message(record), failure)
            return record

        def processed(self: Any, method: str, event: Any, event_kw: dict[str, Any]) -> Any:
            failure = traceback.format_exc() if event_kw.get("exc_info") or method == "exception" else ""
            watch.look(f"the event {event}", event, self._context, event_kw, failure)
            return process(self, method, event, event_kw)

        def created(session: Any, new: Any, **how: Any) -> Any:
            if len(new.name) > 2:  # A shorter one stands in every line, as a number does in a duration.
                watch.names.add(new.name)
            return create(session, new, **how)

        logging.setLogRecordFactory(made)
        _LOGGER._process_event = processed
        parties.create = created
        yield watch
        logging.setLogRecordFactory(factory)
        _LOGGER._process_event = process
        parties.create = create
