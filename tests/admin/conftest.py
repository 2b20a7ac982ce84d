"""A desk with one person of each role, and browsers that are signed in."""

from tests.support.people import app, desk, sign_in, somebody  # noqa: F401
