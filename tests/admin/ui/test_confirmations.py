"""Every action has the page on which it is confirmed."""

import pytest

from webapp.admin.ui.menu import screens

ACTIONS = {
    f"{screen.slug}.{name}": view.confirmation.__self__
    for screen in screens()
    for name in dir(screen)
    if hasattr(view := getattr(screen, name), "confirmation")
}


def test_there_are_actions() -> None:
    assert len(ACTIONS) > 60


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_has_its_confirmation(name: str) -> None:
    """Without one it would fail only when somebody opens it."""
    assert ACTIONS[name].describe is not None
