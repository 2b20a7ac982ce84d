"""The property-based tester in all its phases: examples, boundaries, chance, and operations in a row by links."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import schemathesis
from schemathesis import Case, HookContext
from schemathesis.config import ChecksConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.hooks import unregister

from tests.api.framework.described import World, described_world
from tests.support.filled import Filled
from tests.support.personal_data import Watch
from webapp.api import all_endpoints
from webapp.api.framework.openapi import described_path
from webapp.domain.permissions import SCOPES, of_scopes

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

SEED = 12
"""By chance, and the same each time."""
EXAMPLES = {"examples": 1, "coverage": 1, "fuzzing": 1, "stateful": 12}
"""Of each operation by chance, which `test_openapi.py` asks more often, or of each sequence of operations."""
STEPS = 40
"""Of each sequence: what a link leads on from has to be there first."""
ASKED_AT_LEAST = {"examples": 180, "coverage": 5_000, "fuzzing": 180, "stateful": 100}
"""Requests of each phase; with the boundaries of all operations there are twelve thousand, a minute of work."""
_CREATED = "ensure_resource_availability"
CHECKS = {
    # A 503 is an answer where it is described: of a provider or a clock that is not set up here.
    "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "503"]},
    **{
        name: {"enabled": True}
        for name in (
            "status_code_conformance",
            "content_type_conformance",
            "response_schema_conformance",
            "response_headers_conformance",
            "unsupported_method",
            "allow_header_conformance",
            "use_after_free",
            _CREATED,
        )
    },
}


@pytest.fixture(scope="module")
def world(sqlite_filled: Filled, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with described_world(sqlite_filled, tmp_path_factory.mktemp("phases")) as made:
        yield made


@pytest.fixture
def schema(world: World, log_watch: Watch) -> Iterator[Any]:
    """The description, each of whose operations is asked by who may: a token, or a person where no token may."""
    people = {
        (endpoint.method, described_path(endpoint.path))
        for endpoint in all_endpoints()
        if endpoint.permission not in of_scopes(list(SCOPES))
    }

    @schemathesis.hook
    def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
        log_watch.names.clear()  # The tester's names of parties are words that stand in addresses and statuses too.
        caller = world.person if (case.operation.method.upper(), case.operation.path) in people else world.machine
        case.headers.update(caller.headers | {"Accept-Encoding": "identity"})
        case.cookies.update(caller.cookies)
        kwargs.pop("max_redirects", None)  # which the engine says, and its own way to call an application can't take

    made = schemathesis.openapi.from_wsgi("/api/openapi.json", world.app)
    made.config.seed = SEED
    made.config.generation.update(with_security_parameters=False)
    made.config.checks = ChecksConfig.from_dict({"enabled": False} | CHECKS)
    yield made
    unregister(before_call)


@pytest.mark.parametrize("phase", ASKED_AT_LEAST)
def test_no_phase_finds_an_answer_that_is_not_described(schema: Any, phase: str) -> None:
    schema.config.phases.update(phases=[phase])
    schema.config.generation.update(max_examples=EXAMPLES[phase])
    schema.config.phases.stateful.max_steps = STEPS
    seen: Counter[str] = Counter()
    wrong: list[str] = []
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            seen["requests"] += len(event.recorder.cases)
            seen["in a row"] += sum(node.parent_id is not None for node in event.recorder.cases.values())
            wrong += _failures(event)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            wrong.append(f"{phase} broke off: {event}")

    assert wrong == []
    assert seen["requests"] >= ASKED_AT_LEAST[phase], seen
    assert (seen["in a row"] > 20) == (phase == "stateful"), seen


def _failures(event: events.ScenarioFinished) -> list[str]:
    recorder = event.recorder
    if event.status not in (Status.FAILURE, Status.ERROR):
        return []
    failed = [
        (node, each)
        for node, checks in recorder.checks.items()
        for each in checks
        if each.failure_info is not None and not (each.name == _CREATED and _is_elsewhere(recorder, node))
    ]
    cases = {number: node.value for number, node in recorder.cases.items()}
    return [f"{cases[node].method} {cases[node].formatted_path}: {each.failure_info}" for node, each in failed]


def _is_elsewhere(recorder: ScenarioRecorder, node: str) -> bool:
    """Whether what was asked for is not what was made: the tester takes the number of a run that is answered for one of
    the address that was sent to, though `Location` says where it is.
    """
    made_by = recorder.cases[node].parent_id
    answer = None if made_by is None else recorder.find_response(case_id=made_by)
    location = "" if answer is None else (answer.headers.get("location") or [""])[0]
    return bool(location) and urlsplit(location).path != recorder.cases[node].value.formatted_path
