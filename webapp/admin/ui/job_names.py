"""Jobs as people read of them: what one does in a few words, and its name, which machines and logs have, beside it."""

from collections.abc import Iterator

from flask_babel import get_translations

from webapp.domain.words import phrase, spoken
from webapp.jobs import find, registry


def job_title(job: str) -> str:
    """The title of a job in the reader's language; its name where this version does not know the job."""
    declared = find(job)
    return _spoken(declared.spec.title) if declared is not None and declared.spec.title else job


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
