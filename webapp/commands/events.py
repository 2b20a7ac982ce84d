"""`desk events`: the catalogue of what webhooks tell, as Markdown."""

from collections.abc import Iterator
from itertools import groupby
from typing import get_args

import click
from pydantic.fields import FieldInfo

from webapp.domain.outbox.event_types import EVENTS, Event, Facts, is_optional

_TYPES = {str: "text", int: "number", bool: "true or false"}


@click.command("events")
def command() -> None:
    """Print every event that webhooks tell, with its fields, as in docs/webhooks.md."""
    click.echo(catalogue())


def catalogue() -> str:
    """Every event by its subject: what all of them tell, then each with what it adds."""
    return "\n".join(line for root, events in groupby(EVENTS.values(), _root) for line in _of_subject(root, events))


def _of_subject(root: type[Facts], events: Iterator[type[Event]]) -> Iterator[str]:
    yield f"### `{root.about}`\n\n| field | | |\n|---|---|---|"
    for name, field in root.model_fields.items():
        yield f"| `{name}` | {_type(field)} | {field.description} |"
    yield ""
    for event in events:
        shape = event.shape().model_fields
        added = {name: field for name, field in shape.items() if name not in root.model_fields}
        yield f"- `{event.type}`: {event.__doc__}{''.join(_described(*each) for each in added.items())}"
    yield ""


def _root(event: type[Event]) -> type[Facts]:
    """The facts that all events of its subject tell."""
    return next(kind for kind in event.facts.__mro__ if Facts in kind.__bases__)


def _described(name: str, field: FieldInfo) -> str:
    return f" And `{name}` ({_type(field)}): {field.description}"


def _type(field: FieldInfo) -> str:
    plain = next(kind for kind in (get_args(field.annotation) or (field.annotation,)) if kind in _TYPES)
    return f"{_TYPES[plain]} or null" if is_optional(field) else _TYPES[plain]
