"""The supervisor of `desk up` hears whoever asks it to stop, whenever that is."""

from contextlib import suppress

import pytest
from sqlalchemy import Dialect, String, TypeDecorator, create_engine, literal, select

from webapp.local import supervisor


def test_a_stop_that_was_asked_for_in_a_finalizer_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python swallows what is raised while it collects garbage: Ctrl-C at that moment stopped nothing."""
    monkeypatch.setattr(supervisor, "_stop_requested", type(supervisor._stop_requested)())
    with suppress(supervisor._StopRequested):
        supervisor._request_stop(2, None)
    with pytest.raises(supervisor._StopRequested):
        supervisor._supervise([])


def test_a_stop_that_is_asked_for_amid_a_statement_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLAlchemy makes an error of its own of every Exception there: Ctrl-C at that moment ended in a traceback."""
    monkeypatch.setattr(supervisor, "_stop_requested", type(supervisor._stop_requested)())

    class Interrupted(TypeDecorator[str]):
        impl = String
        cache_ok = True

        def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
            supervisor._request_stop(2, None)
            return value

    engine = create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(supervisor._StopRequested):
        connection.execute(select(literal("x", Interrupted())))
    engine.dispose()
