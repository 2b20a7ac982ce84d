"""Jobs as people read of them: what one does in a few words, and its name, which machines and logs have, beside it."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask_babel import get_translations
from flask_babel import lazy_gettext as _l

from webapp.domain.words import phrase, spoken
from webapp.jobs import find, registry
from webapp.services.disputes.bulk import ACTION as BULK_DISPUTES

_ON_RUNS: Mapping[str, Any] = {
    "retry": _l("Retry failed runs"),
    "dismiss": _l("Take failed runs off the list"),
    "cancel": _l("Cancel waiting runs"),
}
_ON_DISPUTES: Mapping[str, Any] = {
    "assign": _l("Assign disputes"),
    "ask": _l("Ask for evidence in disputes"),
    "decide": _l("Decide disputes"),
}
"""What a person asked for many at once; one job does it all, whose title says nothing of it."""


def job_title(job: str) -> str:
    """The title of a job in the reader's language; its name where this version does not know the job."""
    declared = find(job)
    return _spoken(declared.spec.title) if declared is not None and declared.spec.title else job


def bulk_title(parameters: Mapping[str, Any] | None) -> Any:
    """What a run was asked to do to many at once; nothing for a run that does what its job does."""
    asked = parameters or {}
    if asked.get("action") == BULK_DISPUTES:
        return _ON_DISPUTES.get(asked.get("request", {}).get("what"), "")
    return _ON_RUNS.get(str(asked.get("action")), "")


def jobs_called(words: str) -> list[str]:
    """The declared jobs whose title, in the reader's language, or name has these words."""
    part = words.strip().casefold()
    return [name for name, title in all_titles() if part in title.casefold() or part in name]


def titled(job: str) -> str:
    """Title and name in one line, for headings and choices."""
    title = job_title(job)
    return title if title == job else f"{title} ({job})"


def all_titles() -> Iterator[tuple[str, str]]:
    """Every declared job and its title."""
    for name, spec in registry().items():
        yield name, _spoken(spec.title or name)


def _spoken(title: str) -> str:
    return str(spoken(phrase(title), get_translations()))
