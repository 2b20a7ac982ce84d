"""Which tests one test process runs together, because what they stand on takes longer to make than they take."""

import re

from xdist.scheduler import LoadScopeScheduling

TOGETHER = {
    "browser": r"tests/browser/",
    "authorization matrix": r"tests/security/test_authorization_matrix\.py",
    "description": r"tests/api/framework/test_openapi\.py",
    "desk up": r"tests/local/test_desk_up\.py::test_(it_is_ready|nobody_else|the_second_start)",
    "demo on PostgreSQL": r"tests/demo/test_demo\.py::.*\[postgresql",
}
"""A desk that is up, a desk that every operation can be asked of, the demo's data: made once instead of twice."""


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives out tests one by one, but for these.

    The marker `xdist_group` does the same by a name that xdist adds to a test's id; pytest 9.2 keeps ids elsewhere than
    xdist 3.8 writes them, so that its groups are no groups.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((name for name, which in TOGETHER.items() if re.match(which, nodeid)), nodeid)
