"""What payers tried at a hosted page: each attempt is a transaction of its own, under the page's reference."""

from dataclasses import dataclass

from webapp import clock
from webapp.sandbox.core.auth_and_faults import Wrong
from webapp.sandbox.core.sandbox import Sandbox
from webapp.sandbox.core.store import Data, Thing

OUTCOMES = ("success", "failed", "abandoned", "pending")
OPEN = "open"


@dataclass(frozen=True)
class Kind:
    """How one version calls a page, an attempt, and the ways in which an attempt ends."""

    page: str
    attempt: str
    succeeded: str


def begun(sandbox: Sandbox, kind: Kind, reference: str, data: Data) -> Thing | None:
    """A new page to pay at; None when the reference has one."""
    return sandbox.store.add(kind.page, reference, {"status": OPEN} | data)


def tried(sandbox: Sandbox, kind: Kind, reference: str) -> list[Thing]:
    """The attempts under a reference, oldest first."""
    return sandbox.store.listed(kind.attempt, parent=reference)


def attempt(sandbox: Sandbox, kind: Kind, page: Thing, outcome: str, changes: Data) -> Thing:
    """One attempt that ends so; one that was pending goes on. Who abandons a page has tried nothing. Raises Wrong."""
    if outcome not in OUTCOMES:
        raise Wrong(400, f"A payment ends as one of {', '.join(OUTCOMES)}")
    status = kind.succeeded if outcome == "success" else outcome
    with sandbox.store.writing():
        page.data["status"] = status
        sandbox.store.save(page)
        if outcome == "abandoned":
            return page
        made = _going_on(sandbox, kind, page.key) or _new(sandbox, kind, page)
        made.data |= {"status": status, "paid_at": clock.now().timestamp()} | changes
        sandbox.store.save(made)
    return made


def paid(sandbox: Sandbox, kind: Kind, reference: str, number: int | None) -> Thing:
    """The attempt of this number, else the first that succeeded. Raises Wrong."""
    for each in tried(sandbox, kind, reference):
        if each.data["status"] == kind.succeeded and number in (None, each.number):
            return each
    raise Wrong(400, f"Nothing was paid under {reference}")


def _going_on(sandbox: Sandbox, kind: Kind, reference: str) -> Thing | None:
    return next((each for each in tried(sandbox, kind, reference) if each.data["status"] == "pending"), None)


def _new(sandbox: Sandbox, kind: Kind, page: Thing) -> Thing:
    number = len(tried(sandbox, kind, page.key)) + 1
    made = sandbox.store.add(kind.attempt, f"{page.key}/{number}", {**page.data, "status": "pending"}, parent=page.key)
    assert made is not None
    return made
