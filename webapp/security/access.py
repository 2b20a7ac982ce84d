"""What a view declares about who may use it; `access_control` enforces it. A view that declares nothing is closed."""

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "(anybody)"
SIGNED_IN = "(anybody signed in)"
OF_ITS_SCREEN = "(as its screen)"
OF_CRON = "(the token of cron)"


def needs(permission: str) -> Callable[[View], View]:
    """The view is for those who hold the permission."""

    def declare(view: View) -> View:
        view.desk_permission = permission  # type: ignore[attr-defined]
        return view

    return declare


def signed_in(view: View) -> View:
    """The view is for anybody who is signed in, or has a token."""
    return needs(SIGNED_IN)(view)


def public(view: View) -> View:
    """The view is for anybody; nobody is even looked up. A form of a browser still needs its CSRF token."""
    return needs(PUBLIC)(view)


def for_machines(view: View) -> View:
    """The view proves its caller by itself, by a signature: no CSRF token is asked for."""
    view.desk_for_machines = True  # type: ignore[attr-defined]
    return public(view)


def for_cron(view: View) -> View:
    """The view is for CRON_SECRET_TOKEN alone: no person, and no other token, whatever its scopes."""
    return needs(OF_CRON)(view)


def for_scripts(view: View) -> View:
    """The script of a page asks this view in the name of who is signed in: it answers in JSON, refusals too."""
    view.desk_for_scripts = True  # type: ignore[attr-defined]
    return view


def takes_up_to(most: int) -> Callable[[View], View]:
    """The view takes a body of so many bytes, beyond what is taken elsewhere: a file, which is never in memory."""

    def declare(view: View) -> View:
        view.desk_largest_body = most  # type: ignore[attr-defined]
        return view

    return declare


def largest_body_of(view: Any) -> int | None:
    """How many bytes of a body the view takes; None where it says nothing."""
    return getattr(view, "desk_largest_body", None)


def permission_of(view: Any) -> str | None:
    """What the view declares; None when it forgot."""
    declared: str | None = getattr(view, "desk_permission", None)
    return getattr(view.__self__, "permission", None) if declared == OF_ITS_SCREEN else declared


def is_for_scripts(view: Any) -> bool:
    """Whether a page's script asks this view."""
    return getattr(view, "desk_for_scripts", False)


def is_for_machines(view: Any) -> bool:
    """Whether the view takes no CSRF token."""
    return getattr(view, "desk_for_machines", False)
