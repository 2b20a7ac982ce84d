"""The API's own description: OpenAPI 3.1, made from what the endpoints declare."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from webapp.api.binding import KEY_HEADER
from webapp.api.endpoints import Endpoint
from webapp.api.shapes import BIGGEST

_PART = re.compile(r"<(?:(\w+):)?(\w+)>")
_REFERENCE = "#/components/schemas/{model}"
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence that says what to do."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "A sentence per field.",
        },
    },
}
_REFUSALS = {
    "400": "The request can't be read.",
    "401": "No token, or one that nobody knows.",
    "403": "The token lacks the scope, or the person the role.",
    "404": "There is no such thing.",
    "409": "It is not as the caller believes, or was changed meanwhile.",
    "415": "The body is not JSON.",
    "422": "The input can't be used; `errors` names each field.",
    "429": "Too many requests; `Retry-After` says how many seconds to wait.",
    "503": "Something the deed needs is not there or not set up.",
}


def document(endpoints: Iterable[Endpoint], version: str) -> dict[str, Any]:
    """The whole document."""
    declared = list(endpoints)
    schemas = _schemas(declared)
    paths: dict[str, Any] = {}
    for endpoint in declared:
        operation = _operation(endpoint, schemas)
        paths.setdefault(described_path(endpoint.path), {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Escrow Desk", "version": version, "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": {"Problem": _PROBLEM} | schemas.definitions,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


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
        self._references, found = models_json_schema(ordered, ref_template=_REFERENCE)
        self.definitions: dict[str, Any] = found.get("$defs", {})

    def of(self, model: type[BaseModel], mode: JsonSchemaMode) -> dict[str, Any]:
        """The reference to a shape."""
        return dict(self._references[(model, mode)])


def _schemas(declared: list[Endpoint]) -> _Schemas:
    models: set[tuple[type[BaseModel], JsonSchemaMode]] = set()
    for endpoint in declared:
        models.add((endpoint.answer, "serialization"))
        body = endpoint.takes("body")
        if body:
            models.add((body, "validation"))
    return _Schemas(models)


def _operation(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    told = (endpoint.function.__doc__ or endpoint.name).strip()
    operation = {
        "operationId": endpoint.name,
        "tags": [endpoint.tag],
        "summary": told.partition("\n")[0],
        "description": f"{told}\n\nNeeds the permission `{endpoint.permission}`.",
        "parameters": [*_parts(endpoint), *_query(endpoint), *_headers(endpoint)],
        "responses": _responses(endpoint, schemas),
    }
    body = endpoint.takes("body")
    if body:
        required = any(field.is_required() for field in body.model_fields.values())
        content = {"application/json": {"schema": schemas.of(body, "validation")}}
        operation["requestBody"] = {"required": required, "content": content}
    return operation


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
    schema = shape.model_json_schema(ref_template=_REFERENCE)
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
    told = "The same key with the same request is done once."
    return [{"name": KEY_HEADER, "in": "header", "required": False, "schema": schema, "description": told}]


def _responses(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    content = {"application/json": {"schema": schemas.of(endpoint.answer, "serialization")}}
    told = "Taken; it is done in the background." if endpoint.status == 202 else "Done."
    refused = {"application/problem+json": {"schema": {"$ref": _REFERENCE.format(model="Problem")}}}
    answers: dict[str, Any] = {str(endpoint.status): {"description": told, "content": content}}
    return answers | {status: {"description": said, "content": refused} for status, said in _REFUSALS.items()}
