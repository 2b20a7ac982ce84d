"""Bulk work runs under the name of a job, as a run of its own: what it did is no figure of that job."""

from typing import Any

from sqlalchemy import ColumnElement, Text, func, type_coerce

from webapp.models import Run

ACTION_KEY = "action"
"""The parameter that says what a person asked for many at once."""
_BEGINS = f'{{"{ACTION_KEY}":'


def is_bulk(run: Run) -> bool:
    """Whether a run does what a person asked for many at once, rather than what its job does."""
    return ACTION_KEY in (run.parameters or {})


def own_runs(run: Any = Run) -> ColumnElement[bool]:
    """Runs, or an alias of them, that do what their job does: the only ones by which the job is known.

    Parameters are kept as text with sorted keys, and no parameter's name comes before `action`: a prefix tells.
    """
    return func.coalesce(type_coerce(run.parameters, Text), "").not_like(f"{_BEGINS}%")
