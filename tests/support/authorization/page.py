"""The matrix as a page that people read and review."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tests.support.authorization.owned import Owned
from tests.support.authorization.routes import Route
from tests.support.authorization.webhooks import Receiver
from webapp.domain.permissions import ROLES, SCOPES

KEPT = Path(__file__).parents[3] / "docs" / "security" / "authorization.md"
COMMAND = "python -m tests.support.authorization --keep"
_INTRODUCTION = f"""# Who may do what: the authorization matrix

Every address of the desk, and whom it lets in. It is written by `{COMMAND}`, which asks a running desk:
as nobody, as a person of each role, and with a token of each scope. `tests/security/test_authorization_matrix.py` asks
again and fails when an answer differs from this page, or from what the address declares; so a new address needs a row,
and its review.

*Let in* means past the door: the answer may still be that there is no such thing (404) or that something is missing
(400, 422). Refused is 401, 403, or being sent to sign in. *Permission* is what the code declares:
`webapp/domain/permissions.py` says which roles and scopes have it. Methods that are answered alike share a row; HEAD is
answered as GET.

- Pages are for people: they let no token in, whatever its scopes.
- A write by a person needs the CSRF token of their session besides; without it, it is refused with 400.
- A token has no more than the person behind it has now, so its scopes are the most that it may.
- `(cron)` is the token of `CRON_SECRET_TOKEN`.
- Orders, escrows, disputes, parties and payments belong to the desk and to nobody in it: who may read one may read all.
  What does belong to somebody is in the last table.
"""
_SECTIONS: list[tuple[str, Callable[[Route], bool]]] = [
    ("Pages", lambda route: route.is_page and not _is_of_a_provider(route)),
    ("API", lambda route: not route.is_page),
]

_OF_AN_ADDRESS = re.compile(r"^\| `(/[^`]*)` \| ([A-Z ]+) \|", re.MULTILINE)
_OF_A_PROVIDER = re.compile(r"^\| `([A-Z]+) (/[^`]*)` \|", re.MULTILINE)


def page(routes: list[Route], receivers: list[Receiver], owned: list[Owned]) -> str:
    """The whole page."""
    parts = [_INTRODUCTION]
    for title, belongs in _SECTIONS:
        parts.append(f"## {title}\n\n{_table(_head(), map(_row, filter(belongs, routes)))}")
    parts.append(_webhooks(receivers))
    parts.append(_owned(owned))
    return "\n".join(parts)


def rows() -> set[tuple[str, str]]:
    """Every address of the kept page with each of its methods."""
    text = KEPT.read_text()
    asked = {(address, each) for address, methods in _OF_AN_ADDRESS.findall(text) for each in methods.split()}
    return asked | {(address, method) for method, address in _OF_A_PROVIDER.findall(text)}


def _is_of_a_provider(route: Route) -> bool:
    return route.permission == "(its signature)"


def _head() -> list[str]:
    return ["Address", "Methods", "Permission", "nobody", *ROLES, "Tokens with the scope"]


def _row(route: Route) -> list[str]:
    people = ["yes" if name in route.let_in else "no" for name in ("nobody", *ROLES)]
    return [f"`{route.address}`", " ".join(route.methods), route.permission, *people, _scopes(route)]


def _scopes(route: Route) -> str:
    let_in = [name for name in route.let_in if name not in ("nobody", *ROLES)]
    if len(let_in) == len(SCOPES) + 1:
        return "any"
    return ", ".join(let_in) or "none"


def _webhooks(receivers: list[Receiver]) -> str:
    head = ["Address", "unsigned", "signed for another body", "signed"]
    rows = (
        [f"`POST {each.address}`", *map(_word, (each.unsigned, each.signed_for_another_body, each.signed))]
        for each in receivers
    )
    return (
        "## Webhooks of the providers\n\nThe signature over the bytes is all that counts: no session and no token "
        f"opens them.\n\n{_table(head, rows)}"
    )


def _owned(owned: list[Owned]) -> str:
    head = ["What", "Request", "one's own", "another's"]
    rows = ([each.thing, f"`{each.request}`", each.by_its_owner, each.by_another] for each in owned)
    return (
        "## What belongs to somebody\n\nThe same request about one's own and about another's, by people or tokens that "
        f"hold the permission alike.\n\n{_table(head, rows)}"
    )


def _word(let_in: bool) -> str:
    return "yes" if let_in else "no"


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    return "\n".join(_lines(head, rows)) + "\n"


def _lines(head: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(row)} |"
