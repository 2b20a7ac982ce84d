"""Who does an action."""

import re
from dataclasses import dataclass, field, replace

from webapp.domain.permissions import JOB_PERMISSIONS
from webapp.domain.words import phrase
from webapp.errors import NotAllowed


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone or something that acts: a user, a token, a job, the command line, the identity provider, a link."""

    kind: str
    """`user`, `token`, `job`, `cli`, `oidc` or `link`."""
    id: int | None
    name: str
    permissions: frozenset[str] = field(default_factory=frozenset)
    request_id: str | None = None
    origin: str | None = None
    """Where it came from: an address, or a host and process."""
    roles: tuple[str, ...] = ()
    """The roles that a person has, or the person behind a token."""
    person_id: int | None = None
    """The person behind a token, if a person made it."""

    @property
    def key(self) -> str:
        """What the audit trail and the limits know this actor by: `user:7`, `job:auto_release`."""
        return f"{self.kind}:{self.id if self.id is not None else self.name}"

    @property
    def person(self) -> str:
        """Whose limit this uses and who can't approve it: a person's key, also for every token of theirs."""
        return self.key if self.person_id is None else f"user:{self.person_id}"

    @property
    def role(self) -> str:
        """What it acts as, as the audit trail keeps it: a person's roles in order; else its kind, beside those of the
        person behind it.
        """
        own = () if self.kind == "user" else (self.kind,)
        return ",".join(sorted({*self.roles, *own}))

    def may(self, permission: str) -> bool:
        """Whether this actor holds the permission."""
        return permission in self.permissions

    def require(self, permission: str) -> None:
        """Raise NotAllowed unless this actor holds the permission."""
        if not self.may(permission):
            raise NotAllowed(
                phrase(
                    "%(name)s may not do this: it needs the permission %(permission)s.",
                    name=self.name,
                    permission=permission,
                )
            )

    def entrusted_with(self, permission: str) -> "Actor":
        """The same with one more permission, for the one action that was decided: within a limit, or by two people."""
        return replace(self, permissions=self.permissions | {permission})


_NAME_OF_A_JOB = re.compile(r"[a-z]+(?:_[a-z]+)+")


def named(name: str | None) -> str:
    """Who did it, as people read it: a job's doing is the desk's own."""
    return phrase("the desk") if name and _NAME_OF_A_JOB.fullmatch(name) else name or ""


def job_actor(job: str, run_id: int | None = None) -> Actor:
    """A periodic job at work."""
    return Actor("job", None, job, JOB_PERMISSIONS, request_id=f"run-{run_id}" if run_id else None)
