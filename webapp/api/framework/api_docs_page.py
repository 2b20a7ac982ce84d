"""The description, prepared for people: operations by their noun, with examples."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

_PLAIN = {"string": "text", "integer": 1, "number": 1, "boolean": False, "null": None}
_DEEPEST = 6


def by_tag(document: Mapping[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Every operation with its address and examples, grouped by tag."""
    grouped: dict[str, list[dict[str, Any]]] = defaultdict(list)
    schemas = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            body = operation.get("requestBody")
            examples = {"body": _shown(body, schemas) if body else None, "answer": _shown(_good(operation), schemas)}
            grouped[operation["tags"][0]].append(operation | examples | {"path": path, "method": method})
    return sorted(grouped.items())


def _good(operation: Mapping[str, Any]) -> Any:
    return next(answer for status, answer in operation["responses"].items() if status.startswith("2"))


def _shown(holder: Any, schemas: Mapping[str, Any]) -> str:
    """An example in JSON; of a file, the kinds that it may be of."""
    content = holder["content"]
    if "application/json" not in content:
        return "\n".join(content)
    return json.dumps(_example(content["application/json"]["schema"], schemas), indent=2, ensure_ascii=False)


def _example(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int = 0) -> Any:
    """A value that fits the schema."""
    if "$ref" in schema:
        return _example(schemas[schema["$ref"].rpartition("/")[2]], schemas, depth)
    for known in ("examples", "enum"):
        if schema.get(known):
            return schema[known][0]
    if "const" in schema or "default" in schema:
        return schema.get("const", schema.get("default"))
    if schema.get("anyOf"):
        return _example(schema["anyOf"][0], schemas, depth)
    if depth > _DEEPEST:
        return None
    return _composed(schema, schemas, depth)


def _composed(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int) -> Any:
    if schema.get("type") == "object":
        fields: Iterable[tuple[str, Any]] = schema.get("properties", {}).items()
        return {name: _example(field, schemas, depth + 1) for name, field in fields}
    if schema.get("type") == "array":
        return [_example(schema.get("items", {}), schemas, depth + 1)]
    return "2026-01-31T00:00:00Z" if schema.get("format") == "date-time" else _PLAIN.get(schema.get("type", ""), "text")
