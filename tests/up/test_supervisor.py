"""The supervisor of `desk up` hears whoever asks it to stop, whenever that is."""

from contextlib import suppress

import pytest

from webapp.up import supervisor


def test_a_stop_that_was_asked_for_in_a_finalizer_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python swallows what is raised while it collects garbage: Ctrl-C at that moment stopped nothing."""
    monkeypatch.setattr(supervisor, "_ASKED", type(supervisor._ASKED)())
    with suppress(supervisor._Asked):
        supervisor._ask(2, None)
    with pytest.raises(supervisor._Asked):
        supervisor._watch([])
