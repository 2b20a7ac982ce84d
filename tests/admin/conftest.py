"""A desk with one person of each role, browsers that are signed in, and desks to read from end to end."""

from tests.support.desks_to_read import bare_desk, demo_desk, into_bare, into_demo  # noqa: F401
from tests.support.people import app, desk, sign_in, somebody  # noqa: F401
