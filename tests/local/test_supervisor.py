"""The supervisor of `desk up` hears whoever asks it to stop, whenever that is."""

from contextlib import suppress

import pytest

from webapp.local import supervisor


def test_a_stop_that_was_asked_for_in_a_finalizer_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python swallows what is raised while it collects garbage: Ctrl-C at that moment stopped nothing."""
    monkeypatch.setattr(supervisor, "_stop_requested", type(supervisor._stop_requested)())
    with suppress(supervisor._StopRequested):
        supervisor._request_stop(2, None)
    with pytest.raises(supervisor._StopRequested):
        supervisor._supervise([])
