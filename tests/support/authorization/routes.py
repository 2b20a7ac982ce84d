"""Each address of the desk, asked by everybody: who was let in, and whom its declaration names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.support.authorization.callers import Caller, World
from webapp.domain.permissions import SCOPES
from webapp.security.access import is_for_machines, permission_of

NUMBER, WORD = "99999999", "nothing"
"""What stands for the parts of an address: there is nothing by these names, so that nothing is changed."""
_PART = re.compile(r"<(?:(\w+):)?(\w+)>")
_OF_MACHINES = ("/api/", "/admin/escrow-jobs/", "/metrics")
_ENDS_THE_SIGN_IN = "security.sign_out"


@dataclass(frozen=True)
class Route:
    """An address with its methods, what it declares, and which of the callers were let in, by name."""

    address: str
    methods: tuple[str, ...]
    permission: str
    let_in: tuple[str, ...]
    declared: tuple[str, ...]

    @property
    def is_page(self) -> bool:
        """Whether it is for people: a token is no person."""
        return is_page(self.address)


def is_page(address: str) -> bool:
    """Whether the address is for people to look at."""
    return not address.startswith(_OF_MACHINES) and not address.endswith(".json")


def addresses(app: Flask) -> set[tuple[str, str]]:
    """Every address with each of its methods, without asking anything."""
    rules = app.url_map.iter_rules()
    return {(_PART.sub(r"<\2>", rule.rule), method) for rule in rules for method in _methods(rule)}


def observed(world: World) -> list[Route]:
    """Every address, in order; methods that are answered alike stand together."""
    found = []
    for rule in sorted(
        world.app.url_map.iter_rules(), key=lambda rule: (rule.endpoint == _ENDS_THE_SIGN_IN, str(rule))
    ):
        by_callers: dict[tuple[str, ...], list[str]] = {}
        for method in _methods(rule):
            let_in = tuple(_let_in(world, rule, method))
            by_callers.setdefault(let_in, []).append(method)
        found += [_route(world, rule, methods, let_in) for let_in, methods in by_callers.items()]
    return sorted(found, key=lambda route: (route.address, route.methods))


def _let_in(world: World, rule: Rule, method: str) -> Iterator[str]:
    """The names of those who are let in. Where a token of all scopes is let in nowhere, none of one scope is asked."""
    open_to_tokens = not is_page(rule.rule) or _lets_in(world.every_scope, rule, method)
    for caller in world.callers:
        if (open_to_tokens or caller.name not in SCOPES) and _lets_in(caller, rule, method):
            yield caller.name


def _lets_in(caller: Caller, rule: Rule, method: str) -> bool:
    answer = ask(caller, rule, method)
    let_in = is_let_in(answer)
    if not let_in and not is_page(rule.rule):
        assert answer.content_type == "application/problem+json", rule.rule
        assert answer.get_json()["detail"], rule.rule
        assert answer.headers.get("WWW-Authenticate") == ("Bearer" if answer.status_code == 401 else None), rule.rule
    return let_in


def ask(caller: Caller, rule: Rule, method: str) -> TestResponse:
    """The answer at this address; a write carries nothing."""
    path = _PART.sub(lambda part: NUMBER if part[1] in ("id", "int") else WORD, rule.rule)
    if path.startswith("/api/") and method != "GET":
        return caller.ask(path, method, json={})
    return caller.ask(path, method)


def is_let_in(answer: TestResponse) -> bool:
    """Whether the caller got past the door: that nothing is there, or that more is needed, is said to who may ask."""
    to_sign_in = answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in")
    return answer.status_code not in (401, 403) and not to_sign_in


def _route(world: World, rule: Rule, methods: list[str], let_in: tuple[str, ...]) -> Route:
    view = world.app.view_functions[rule.endpoint]
    permission = permission_of(view) or "(nothing)"
    address = _PART.sub(r"<\2>", rule.rule)
    if is_for_machines(view):
        return Route(address, tuple(methods), "(its signature)", let_in, ())
    may = tuple(caller.name for caller in world.callers if caller.may(permission, page=is_page(address)))
    return Route(address, tuple(methods), permission, let_in, may)


def _methods(rule: Rule) -> Iterator[str]:
    """What may be asked. HEAD runs the same view as GET, and OPTIONS none."""
    return iter(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
