"""The API's own description: OpenAPI 3.1, made from what the endpoints declare."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from webapp.api.framework import (
    cron_calls_openapi,
    inbound_webhooks_openapi,
    links,
    outgoing_webhooks_openapi,
    responses,
)
from webapp.api.framework.binding import KEY_HEADER
from webapp.api.framework.responses import REFERENCE
from webapp.api.framework.routing import Endpoint, FileAnswer
from webapp.domain.numbers import BIGGEST
from webapp.domain.permissions import SCOPES, of_scopes
from webapp.security.cookies import COOKIE

_PART = re.compile(r"<(?:(\w+):)?(\w+)>")


def document(endpoints: Iterable[Endpoint], version: str) -> dict[str, Any]:
    """The whole document."""
    declared = list(endpoints)
    schemas = _schemas(declared)
    paths: dict[str, Any] = {}
    for endpoint in declared:
        operation = _operation(endpoint, schemas)
        following = links.of(endpoint, declared)
        if following:
            operation["responses"][str(endpoint.status)]["links"] = following
        paths.setdefault(described_path(endpoint.path), {})[endpoint.method.lower()] = operation
    paths |= cron_calls_openapi.described() | inbound_webhooks_openapi.described()
    return {
        "openapi": "3.1.0",
        "info": {"title": "Escrow Desk", "version": version, "description": _ABOUT},
        "paths": paths,
        "webhooks": outgoing_webhooks_openapi.described(),
        "components": {
            "schemas": {"Problem": responses.PROBLEM} | schemas.definitions | outgoing_webhooks_openapi.schemas(),
            "securitySchemes": _SCHEMES | cron_calls_openapi.SCHEMES,
        },
        "security": [{"token": []}, {"session": []}],
    }


_COOKIE = f"A browser that is signed in; in production the cookie is named __Host-{COOKIE}."
_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token; its scopes say what it may do."},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": _COOKIE},
    "form": {"type": "apiKey", "in": "header", "name": "X-CSRFToken", "description": "With a session, for writes."},
}


def _security(endpoint: Endpoint) -> list[dict[str, list[str]]]:
    """A token when some scope has the permission; or a person's session, with its form token for a write."""
    person: dict[str, list[str]] = {"session": [], "form": []} if endpoint.writes else {"session": []}
    return [{"token": []}, person] if endpoint.permission in of_scopes(list(SCOPES)) else [person]


def described_path(path: str) -> str:
    """An address as OpenAPI writes it."""
    return _PART.sub(r"{\2}", path)


_ABOUT = (
    "Amounts are in minor units with their currency; times are RFC 3339 in UTC. Lists are newest first and paged by "
    "`cursor`. A write that is sent again with the same `Idempotency-Key` within a day is answered as the first time. "
    "Errors are `application/problem+json`."
)


class _Schemas:
    """Every shape that the endpoints use, each named once."""

    def __init__(self, models: set[tuple[type[BaseModel], JsonSchemaMode]]) -> None:
        ordered = sorted(models, key=lambda pair: (pair[0].__name__, pair[1]))
        self._references, found = models_json_schema(ordered, ref_template=REFERENCE)
        self.definitions: dict[str, Any] = found.get("$defs", {})

    def of(self, model: type[BaseModel], mode: JsonSchemaMode) -> dict[str, Any]:
        """The reference to a shape."""
        return dict(self._references[(model, mode)])


def _schemas(declared: list[Endpoint]) -> _Schemas:
    models = cron_calls_openapi.shapes()
    for endpoint in declared:
        if not issubclass(endpoint.answer, FileAnswer):
            models.add((endpoint.answer, "serialization"))
        body = endpoint.takes("body")
        if body:
            models.add((body, "validation"))
    return _Schemas(models)


def _operation(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    description = (endpoint.function.__doc__ or endpoint.name).strip()
    operation = {
        "operationId": endpoint.name,
        "tags": [endpoint.tag],
        "summary": description.partition("\n")[0],
        "description": f"{description}\n\nNeeds the permission `{endpoint.permission}`.",
        "parameters": [*_parts(endpoint), *_query(endpoint), *_headers(endpoint)],
        "responses": {
            str(endpoint.status): responses.good(endpoint, _content(endpoint, schemas)),
            **responses.refusals(endpoint),
        },
        "security": _security(endpoint),
    }
    body = endpoint.takes("body")
    if body:
        required = any(field.is_required() for field in body.model_fields.values())
        content = {"application/json": {"schema": schemas.of(body, "validation")}}
        operation["requestBody"] = {"required": required, "content": content}
    return operation


def _content(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    """What it answers by kind: JSON, or files."""
    if issubclass(endpoint.answer, FileAnswer):
        return {kind: {"schema": {"type": "string", "format": "binary"}} for kind in endpoint.answer.media_types}
    return {"application/json": {"schema": schemas.of(endpoint.answer, "serialization")}}


def _parts(endpoint: Endpoint) -> list[dict[str, Any]]:
    kinds = {"id": {"type": "integer", "minimum": 1, "maximum": BIGGEST}}
    return [
        {"name": name, "in": "path", "required": True, "schema": kinds.get(kind, {"type": "string"})}
        for kind, name in _PART.findall(endpoint.path)
    ]


def _query(endpoint: Endpoint) -> list[dict[str, Any]]:
    shape = endpoint.takes("query")
    if shape is None:
        return []
    schema = shape.model_json_schema(ref_template=REFERENCE)
    named = schema.get("$defs", {})
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": _inlined(field, named)}
        for name, field in schema["properties"].items()
    ]


def _inlined(field: Any, named: dict[str, Any]) -> Any:
    """The field's schema with what it refers to put in its place: a query has no components."""
    if isinstance(field, dict):
        if "$ref" in field:
            return _inlined(named[field["$ref"].rpartition("/")[2]], named)
        return {key: _inlined(value, named) for key, value in field.items()}
    return [_inlined(value, named) for value in field] if isinstance(field, list) else field


def _headers(endpoint: Endpoint) -> list[dict[str, Any]]:
    if not endpoint.writes:
        return []
    schema = {"type": "string", "minLength": 1, "maxLength": 200}
    description = "The same key with the same request is done once."
    return [{"name": KEY_HEADER, "in": "header", "required": False, "schema": schema, "description": description}]
