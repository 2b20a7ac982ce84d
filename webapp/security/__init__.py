"""Who is asking, and may they: sign-in, permissions of routes, CSRF, headers, limits and error pages.

A route is closed until it declares who may use it: `@needs("job:run")`, `@signed_in` or `@public`.
"""

from webapp.security.access import needs, public, signed_in
from webapp.security.context import current_actor, runtime

__all__ = ["current_actor", "needs", "public", "runtime", "signed_in"]
