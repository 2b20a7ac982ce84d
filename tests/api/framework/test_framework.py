"""What holds for every address: readiness, figures, limits, hostile input, and the description."""

import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest
from flask import Flask

from tests.api.conftest import ON_SQLITE, Api, Caller
from tests.conftest import settings_for
from webapp.api import all_endpoints
from webapp.api.framework.cron_calls_openapi import operation_id
from webapp.app import create_app
from webapp.domain.outbox.event_types import EVENTS
from webapp.domain.scheduling.cron_addresses import CRON_ADDRESSES
from webapp.providers import catalogue
from webapp.runtime import Runtime, build_runtime


def test_it_is_not_ready_without_redis_and_says_so(caller: Caller) -> None:
    for path in ("/readyz", "/healthz"):
        answer = caller().get(path)
        assert answer.status_code == 503
        assert answer.json["checks"]["database"] == answer.json["checks"]["migrations"] == "ok"
        assert "Redis" in answer.json["checks"]["redis"]
    assert caller().get("/livez").status_code == 200


def test_figures_keep_the_names_that_others_watch(api: Api) -> None:
    text = api.get("/metrics").text
    assert 'desk_job_late{job="auto_release"} 0.0' in text
    for name in ("desk_runs_queued", "desk_oldest_queued_seconds", 'desk_processes{kind="worker"}'):
        assert name in text


def test_figures_are_for_those_with_a_token_wherever_the_desk_runs(caller: Caller) -> None:
    assert caller().get("/metrics").status_code == 401
    assert caller("orders").get("/metrics").status_code == 403
    assert caller("read").get("/metrics").status_code == 200


def test_who_asks_too_often_waits(place: Runtime, caller: Caller) -> None:
    settings = settings_for(place.settings.database_url, place.settings.var_dir, api_rate_limit="3 per minute")
    client = create_app(build_runtime(settings)).test_client()
    headers = caller("read")._headers
    answers = [client.get("/api/v1/jobs", headers=headers) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers.get("Retry-After") for answer in answers[:3]] == [None] * 3
    assert answers[-1].content_type == "application/problem+json"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60


HOSTILE = [
    (b"{", "application/json", 400),
    (b"[]", "application/json", 400),
    (b"\xff\xfe", "application/json", 400),
    (b"[" * 100_000, "application/json", 400),
    (b'{"ref": "\\ud800", "name": "x"}', "application/json", 422),
    (b'{"ref": "a", "name": "x"}', "text/plain", 415),
    (b"ref=a&name=x", "application/x-www-form-urlencoded", 415),
    (b'{"ref": null, "name": {"a": 1}}', "application/json", 422),
    (b'{"ref": "a", "name": NaN}', "application/json", 422),
]


@ON_SQLITE
@pytest.mark.parametrize(("body", "kind", "status"), HOSTILE)
def test_rubbish_is_refused_in_words(api: Api, body: bytes, kind: str, status: int) -> None:
    answer = api.raw("/api/v1/parties", body, kind)
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.json["detail"]


@ON_SQLITE
@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/escrows?cursor=%00",
        "/api/v1/escrows?cursor=YmVmb3JlOi0x",
        "/api/v1/escrows?limit=0",
        "/api/v1/escrows?limit=ten",
        "/api/v1/escrows?ref=%00",
        "/api/v1/escrows?status=lost",
        "/api/v1/escrows?colour=red",
        "/api/v1/disputes?escrow_id=99999999999999999999",
    ],
)
def test_a_query_that_cannot_be_is_named(api: Api, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 422
    assert answer.json["errors"]


def test_a_query_that_nobody_reads_is_refused(api: Api) -> None:
    answer = api.post("/api/v1/jobs/auto_release/trigger?at=2026-01-01T00:00:00Z", {})
    assert (answer.status_code, answer.json["errors"]) == (422, {"at": "There is no such field."})
    assert api.get("/api/v1/runs").json["data"] == []


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        ("26/11/2026", "'26/11/2026' is not a time with a zone as RFC 3339 writes it, such as 2026-03-31T14:00:00Z."),
        ("0001-01-01T00:00:00Z", "'0001-01-01T00:00:00Z' is not in the years 1970 to 2199."),
        (5, "Must be a text such as 2026-03-31T14:00:00Z."),
    ],
)
def test_a_sentence_about_a_field_keeps_its_capital_letters(api: Api, at: Any, sentence: str) -> None:
    answer = api.post("/api/v1/jobs/auto_release/trigger", {"at": at})

    assert answer.json["errors"] == {"at": sentence}


@ON_SQLITE
@pytest.mark.parametrize("path", ["escrows/0", "escrows/99999999999999999999", "escrows/one", "jobs/%00", "nothing"])
def test_an_address_that_names_nothing_is_not_found(api: Api, path: str) -> None:
    assert api.get(f"/api/v1/{path}").status_code == 404


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    if isinstance(part, list):
        for value in part:
            yield from references(value)


@ON_SQLITE
def test_the_description_is_whole(caller: Caller) -> None:
    document = caller().get("/api/openapi.json").json
    assert document["openapi"] == "3.1.0"
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known
    operations = [told for methods in document["paths"].values() for told in methods.values()]
    names = [told["operationId"] for told in operations]
    inbound = {f"take_{provider}_webhook" for provider in [each.name for each in catalogue.every()]}
    called = {operation_id(job, method) for job in CRON_ADDRESSES.values() for method in ("get", "post")}
    assert sorted(names) == sorted({endpoint.name for endpoint in all_endpoints()} | inbound | called)
    for path, methods in document["paths"].items():
        for told in methods.values():
            parts = [parameter["name"] for parameter in told["parameters"] if parameter["in"] == "path"]
            assert all(f"{{{part}}}" in path for part in parts)
            assert path.count("{") == len(parts)


@ON_SQLITE
def test_links_lead_from_what_is_made_to_all_that_takes_its_id(caller: Caller) -> None:
    described = caller().get("/api/openapi.json").json
    paths = {op["operationId"]: path for path, each in described["paths"].items() for op in each.values()}
    found = {
        op["operationId"]: answer["links"]
        for each in described["paths"].values()
        for op in each.values()
        for answer in op["responses"].values()
        if "links" in answer
    }
    assert {name for name, path in paths.items() if "{payment_id}" in path} == set(found["create_payment"])
    assert found["list_orders"]["get_order"]["parameters"] == {"order_id": "$response.body#/data/0/id"}
    assert len(found["create_order"]) > 1 < len(found["create_escrow"])
    for links in found.values():
        for link in links.values():
            [(name, _)] = link["parameters"].items()
            assert re.findall(r"{(\w+)}", paths[link["operationId"]]) == [name]


@ON_SQLITE
def test_every_webhook_that_goes_out_is_described(caller: Caller) -> None:
    document = caller().get("/api/openapi.json").json
    assert set(document["webhooks"]) == set(EVENTS)
    for name, told in document["webhooks"].items():
        envelope = told["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
        assert envelope["type"] == {"const": name}
        shape = document["components"]["schemas"][envelope["data"]["$ref"].rpartition("/")[2]]
        assert set(shape["properties"]) == set(EVENTS[name].shape().model_fields)
        assert set(shape["required"]) == set(shape["properties"])


@ON_SQLITE
def test_every_address_of_the_api_is_described(web: Flask, caller: Caller) -> None:
    document = caller().get("/api/openapi.json").json
    described = {path.replace("{", "<").replace("}", ">") for path in document["paths"]}
    ours = (
        "/api/v",
        *CRON_ADDRESSES,
        *(f"/webhooks/{provider}" for provider in [each.name for each in catalogue.every()]),
    )
    routes = {rule.rule.replace("<id:", "<") for rule in web.url_map.iter_rules() if rule.rule.startswith(ours)}
    assert routes <= described


def test_the_page_of_the_api_loads_only_files_of_the_desk_and_of_its_package(sign_in: Any) -> None:
    client = sign_in("viewer")
    page = client.get("/api/docs").text
    loaded = re.findall(r'(?:src|href)="(/(?:static|api/docs)/[^"]+\.(?:js|css))"', page)
    assert {address.rpartition("/")[2] for address in loaded} >= {"swagger-ui.css", "swagger-ui-bundle.js"}
    for address in loaded:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert "max-age=31536000" in answer.headers["Cache-Control"], address
    assert 'data-description="/api/openapi.json"' in page


@pytest.mark.parametrize("name", ["1.0/swagger-ui.css", "{}/index.css", "{}/../__init__.py", "{}/oauth2-redirect.html"])
def test_no_other_file_of_the_package_is_served(sign_in: Any, name: str) -> None:
    release = version("flask-swagger-ui")
    assert sign_in("viewer").get(f"/api/docs/{name.format(release)}").status_code == 404


def test_the_files_of_the_page_are_for_who_is_signed_in(somebody: Any) -> None:
    address = f"/api/docs/{version('flask-swagger-ui')}/swagger-ui.css"
    assert somebody.get(address).status_code == 401
