"""A desk with one person of each role, and browsers that are signed in."""

from tests.support.desks_to_read import demo_desk, into_demo  # noqa: F401
from tests.support.identity_provider import provider, provider_process  # noqa: F401
from tests.support.people import app, desk, sign_in, somebody  # noqa: F401
