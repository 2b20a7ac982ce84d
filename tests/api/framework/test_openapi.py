"""The API keeps what its description says: a property-based tester asks every operation, with sense and without."""

import json
import os
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, CheckContext, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from tests.api.framework.described import ApiCaller, World, described_world
from tests.support.filled import Filled
from tests.support.paths import ROOT
from webapp.api import all_endpoints
from webapp.api.framework.binding import KEY_HEADER
from webapp.api.framework.openapi import described_path
from webapp.api.framework.routing import Endpoint
from webapp.domain.permissions import SCOPES, of_scopes
from webapp.providers import catalogue


def breaks_nothing(ctx: CheckContext, response: Any, case: Case[Any]) -> bool | None:
    """No server error; a 503 is an answer where it is described."""
    return None if response.status_code == 503 else not_a_server_error(ctx, response, case)


CHECKS = [
    breaks_nothing,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
_AS_IT_IS = {"Accept-Encoding": "identity"}
"""The tester asks for compressed answers where it could read them over a network, and reads these without."""
TOKENS_MAY = of_scopes(list(SCOPES))
BOUNDED = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
SENSIBLE = int(os.environ.get("API_EXAMPLES", "5"))
"""Requests with sense of each operation; half as many without. More of them find more, and take longer."""
EXAMPLES = {GenerationMode.POSITIVE: SENSIBLE, GenerationMode.NEGATIVE: max(1, SENSIBLE // 2)}


REFERENCES = {"ref", "reference", "buyer", "seller", "party", "placement", "tenant", "customer", "product", "order"}
"""Fields of bodies in which references come in from outside."""
OF_WHAT_IS_THERE = {("NewPayment", "order"), ("DisputeBody", "order")}
"""Only looked up."""


def test_every_reference_that_comes_in_by_a_body_is_one_that_can_be_shown() -> None:
    described = json.loads((ROOT / "docs/api/openapi.json").read_text())
    schemas, asked = described["components"]["schemas"], {"seen": 0}
    for name in _of_bodies(described):
        for field, schema in schemas[name].get("properties", {}).items():
            if field in REFERENCES and '"string"' in json.dumps(schema) and (name, field) not in OF_WHAT_IS_THERE:
                asked["seen"] += 1
                assert "\\xad" in json.dumps(schema), f"{name}.{field} is no Reference"
    assert asked["seen"] > 25


def _of_bodies(described: dict[str, Any]) -> set[str]:
    """The shapes that are part of what is sent."""
    named = re.compile(r"#/components/schemas/(\w+)")
    operations = [each for path in described["paths"].values() for each in path.values() if isinstance(each, dict)]
    waiting = set(named.findall(json.dumps([each.get("requestBody") for each in operations])))
    found: set[str] = set()
    while waiting := waiting - found:
        found |= waiting
        waiting = set(named.findall(json.dumps([described["components"]["schemas"][each] for each in waiting])))
    return found


@pytest.fixture(scope="module")
def world(sqlite_filled: Filled, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with described_world(sqlite_filled, tmp_path_factory.mktemp("described")) as made:
        yield made


@pytest.fixture(scope="module")
def schema(world: World) -> Any:
    made = schemathesis.openapi.from_wsgi("/api/openapi.json", world.app)
    made.config.generation.update(with_security_parameters=False)
    return made


MODES = pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["sense", "nonsense"])


@MODES
@pytest.mark.long
@pytest.mark.parametrize("endpoint", list(all_endpoints()), ids=lambda endpoint: endpoint.name)
def test_an_operation_keeps_what_is_described(
    world: World, schema: Any, endpoint: Endpoint, mode: GenerationMode
) -> None:
    operation = schema[described_path(endpoint.path)][endpoint.method]
    if mode == GenerationMode.NEGATIVE and not _can_be_wrong(endpoint):
        pytest.skip("any request that reaches it makes sense")
    _ask(world, operation, mode, world.machine if endpoint.permission in TOKENS_MAY else world.person)


@MODES
@pytest.mark.long
@pytest.mark.parametrize("provider", [each.name for each in catalogue.every()])
def test_a_providers_address_keeps_what_is_described(
    world: World, schema: Any, provider: str, mode: GenerationMode
) -> None:
    _ask(world, schema[f"/webhooks/{provider}"]["POST"], mode, ApiCaller())


def _can_be_wrong(endpoint: Endpoint) -> bool:
    return endpoint.writes or endpoint.takes("query") is not None or "<id:" in endpoint.path


def _ask(world: World, operation: Any, mode: GenerationMode, caller: ApiCaller) -> None:
    @settings(BOUNDED, max_examples=EXAMPLES[mode])
    @given(case=operation.as_strategy(generation_mode=mode), luck=st.integers(0, 2**32))
    def asked(case: Case[Any], luck: int) -> None:
        if luck % 2:
            _with_what_is_known(case, world, luck)
        case.call_and_validate(headers=caller.headers | _AS_IT_IS, cookies=caller.cookies, checks=CHECKS)

    asked()


def _with_what_is_known(case: Case[Any], world: World, luck: int) -> None:
    """Put what is in the desk where the description has a field of that name, and a new reference where one is made."""
    choose = random.Random(f"{case.operation.label} {luck}")

    def known(name: str, given: Any) -> Any:
        if name in ("ref", "reference"):
            return f"{case.operation.label}-{luck}"[-70:]
        return choose.choice(world.known[name]) if world.known.get(name) else given

    case.headers.pop(KEY_HEADER, None)
    if case.path_parameters:
        case.path_parameters = {name: known(name, given) for name, given in case.path_parameters.items()}
    if case.query:
        case.query = {name: known(name, given) for name, given in case.query.items()}
    if isinstance(case.body, dict):
        case.body = {name: known(name, given) for name, given in case.body.items() if name != "version"}
