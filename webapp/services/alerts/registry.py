"""Alert rules: each a question, answered in sentences about subjects. A new rule is one decorated function."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import webapp.services

Answer = tuple[str, str] | tuple[str, str, Sequence[str]]
"""A subject, what is the matter with it in a sentence, and what causes that: another cause fires the alert again once
somebody has acknowledged it. Without one it does not fire again before it is over."""
Question = Callable[..., Iterator[Answer]]
"""Asked with the session, the present and the settings; one about the surroundings with the settings alone."""


@dataclass(frozen=True)
class AlertRule:
    """A question and how bad its answers are: `page` or `warn`."""

    question: Question
    severity: str
    outside: bool = False
    """Whether it asks the surroundings and not the database: no transaction is open meanwhile."""

    @property
    def says(self) -> str:
        """What it asks, in a sentence."""
        return " ".join((self.question.__doc__ or "").split())


_rules: dict[str, AlertRule] = {}


def rule(*, severity: str, outside: bool = False) -> Callable[[Question], Question]:
    """Declare a rule under its function's name. It yields (subject, sentence) for what is the matter."""

    def declare(question: Question) -> Question:
        _rules[question.__name__] = AlertRule(question, severity, outside)
        return question

    return declare


def rules() -> dict[str, AlertRule]:
    """Every rule that a module of the services declares, by name: a new file needs no mention anywhere."""
    _load()
    return dict(_rules)


@cache
def _load() -> None:
    # Once: the Alerts page asks for every rule, and walking the packages took most of its time.
    for module in pkgutil.walk_packages(webapp.services.__path__, "webapp.services."):
        importlib.import_module(module.name)
