"""What is compiled once in a test process instead of once in every test's desk: statements, routes and templates.

Without it, most of the time of tests that stand on an application goes into compiling the same again and again.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import event
from sqlalchemy.engine import Dialect
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from webapp.db import Database

_MOST = 5_000


@contextmanager
def compiled_once() -> Iterator[None]:
    """Share what was compiled among all desks of this process."""
    with ExitStack() as shared:
        for kind in (_statements, _routes, _templates):
            shared.enter_context(kind())
        yield


@contextmanager
def _statements() -> Iterator[None]:
    """Let every database of this process use what the first of its kind has compiled.

    SQLAlchemy keeps compiled statements by engine and dialect, and has no public way to share them among engines.
    """
    real = Database.__init__
    cache: LRUCache[Any, Any] = LRUCache(_MOST)
    shared: dict[str, Dialect] = {}

    def made(self: Database, *args: Any, **how: Any) -> None:
        real(self, *args, **how)
        engine: Any = self.engine
        dialect: Dialect = engine.dialect
        engine._compiled_cache = cache
        if dialect.name in shared:
            engine.dialect = shared[dialect.name]
        else:
            # A dialect knows its server only after its first connection.
            event.listen(engine.pool, "first_connect", lambda *_: shared.setdefault(dialect.name, dialect))

    Database.__init__ = made  # type: ignore[method-assign]
    yield
    Database.__init__ = real  # type: ignore[method-assign]


@contextmanager
def _routes() -> Iterator[None]:
    """Let equal rules of all applications share what Werkzeug reads out of their text.

    A rule with defaults asks its converters meanwhile, and is left alone.
    """
    real: Callable[..., Any] = Rule.compile
    made: dict[Any, tuple[Any, ...]] = {}

    def compiled(self: Rule) -> None:
        if self.defaults or self.map is None:
            real(self)
            return
        of_the_map = (self.map.host_matching, self.map.sort_parameters, *self.map.converters.values())
        key = (self.rule, self.host, self.subdomain, self.merge_slashes, of_the_map)
        if key not in made:
            real(self)
            made[key] = (self._parts, self._trace, self._converters, _plain(self._build), _plain(self._build_unknown))
        self._parts, self._trace, self._converters, build, build_unknown = made[key]
        self.arguments.update(self._converters)
        self._build, self._build_unknown = build.__get__(self), build_unknown.__get__(self)

    Rule.compile = compiled  # type: ignore[method-assign]
    yield
    Rule.compile = real  # type: ignore[method-assign]


def _plain(bound: Any) -> Any:
    """The function under a bound method."""
    return bound.__func__


class _InMemory(BytecodeCache):
    """Compiled files, by their path."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, Any]] = {}

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        return filename or name

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._kept.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = (bucket.checksum, bucket.code)


@contextmanager
def _templates() -> Iterator[None]:
    """Give all applications one cache of compiled templates."""
    real = Flask.jinja_options
    Flask.jinja_options = real | {"bytecode_cache": _InMemory()}
    yield
    Flask.jinja_options = real
