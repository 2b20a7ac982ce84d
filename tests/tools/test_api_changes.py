"""A change of the API that breaks its clients of the last release is named in the CHANGELOG, or fails here."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import api_changes
import pytest

from webapp.app import create_app
from webapp.runtime import Runtime

OLD: dict[str, Any] = {
    "paths": {
        "/orders/{id}": {
            "get": {
                "security": [{"token": []}, {"session": []}],
                "parameters": [
                    {"in": "path", "name": "id", "required": True, "schema": {"type": "integer"}},
                    {"in": "query", "name": "sort", "schema": {"enum": ["new", "old"]}},
                ],
                "responses": {
                    "200": {
                        "headers": {"ETag": {"schema": {"type": "string"}}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
                    },
                    "404": {"description": "None."},
                },
            },
            "post": {
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OrderBody"}}}
                },
                "responses": {"201": {"description": "Made."}},
            },
        }
    },
    "webhooks": {
        "order.paid": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"properties": {"data": {"$ref": "#/components/schemas/Order"}}}}
                    }
                },
                "responses": {"200": {"description": "Taken."}},
            }
        }
    },
    "components": {
        "schemas": {
            "Order": {
                "type": "object",
                "required": ["id", "at", "lines"],
                "properties": {
                    "id": {"type": "integer"},
                    "at": {"type": "string", "format": "date-time"},
                    "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
                    "status": {"enum": ["open", "paid"]},
                },
            },
            "Line": {"type": "object", "required": ["sum"], "properties": {"sum": {"type": "integer"}}},
            "OrderBody": {
                "type": "object",
                "required": ["sum"],
                "properties": {
                    "sum": {"type": "integer", "maximum": 100},
                    "kind": {"enum": ["goods", "service"]},
                    "text": {"anyOf": [{"type": "string", "maxLength": 20}, {"type": "null"}]},
                },
            },
        }
    },
}
Edit = Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], Any]


def changed(edit: Edit) -> dict[str, Any]:
    """A copy in which one thing differs; the edit is given its paths' methods, the answer's shape and the body's."""
    new = deepcopy(OLD)
    shapes = new["components"]["schemas"]
    edit(new["paths"]["/orders/{id}"], shapes["Order"], shapes["OrderBody"])
    return new


NEEDED = {"in": "query", "name": "shop", "required": True, "schema": {"type": "integer"}}
BREAKS: list[tuple[Edit, str, str]] = [
    (lambda path, _o, _b: path.pop("post"), "POST /orders/{id}", "is gone"),
    (lambda path, _o, _b: path["get"]["responses"].pop("404"), "GET /orders/{id} 404", "is answered no more"),
    (lambda path, _o, _b: path["get"]["security"].pop(0), "GET /orders/{id} token", "lets nobody in any more"),
    (lambda path, _o, _b: path["get"]["parameters"].pop(1), "GET /orders/{id} sort", "is gone"),
    (
        lambda path, _o, _b: path["get"]["parameters"][1].update(required=True),
        "GET /orders/{id} sort",
        "is required now",
    ),
    (
        lambda path, _o, _b: path["get"]["parameters"][1]["schema"].update(enum=["new"]),
        "GET /orders/{id} sort",
        "takes no more: old",
    ),
    (lambda path, _o, _b: path["get"]["responses"]["200"].pop("headers"), "GET /orders/{id} 200 ETag", "is gone"),
    (
        lambda path, _o, _b: path["get"]["responses"]["200"].pop("content"),
        "GET /orders/{id} 200 application/json",
        "is gone",
    ),
    (
        lambda path, _o, _b: path["post"]["requestBody"].update(required=True),
        "POST /orders/{id} body",
        "is required now",
    ),
    (lambda _p, order, _b: order["properties"].pop("note"), "Order.note", "is gone"),
    (lambda _p, order, _b: order["properties"].update(id={"type": "string"}), "Order.id", "may be string now"),
    (lambda _p, order, _b: order["properties"]["at"].pop("format"), "Order.at", "is a date-time no more"),
    (lambda _p, order, _b: order["required"].remove("at"), "Order.at", "may be missing now"),
    (
        lambda _p, order, _b: order["properties"].update(lines={"type": "array", "items": {"type": "integer"}}),
        "Line",
        "may be integer now",
    ),
    (lambda _p, _o, body: body["required"].append("kind"), "OrderBody.kind", "is required now"),
    (lambda _p, _o, body: body["properties"].pop("kind"), "OrderBody.kind", "is gone"),
    (
        lambda _p, _o, body: body["properties"]["kind"].update(enum=["goods"]),
        "OrderBody.kind",
        "takes no more: service",
    ),
    (lambda _p, _o, body: body["properties"]["sum"].update(maximum=99), "OrderBody.sum", "has the maximum 99 now"),
    (lambda _p, _o, body: body["properties"]["sum"].update(minimum=1), "OrderBody.sum", "has the minimum 1 now"),
    (
        lambda _p, _o, body: body["properties"].update(text={"type": "string", "maxLength": 20}),
        "OrderBody.text",
        "is taken no more as null",
    ),
    (lambda _p, _o, body: body.update(additionalProperties=False), "OrderBody", "takes no other fields now"),
]
HARMLESS: list[Edit] = [
    lambda path, _o, _b: path.update(delete={"responses": {}}),
    lambda path, _o, _b: path["get"]["responses"].update({"409": {}}),
    lambda path, _o, _b: path["get"]["parameters"].append({"in": "query", "name": "x", "schema": {"type": "string"}}),
    lambda path, _o, _b: path["get"].update(summary="Other words."),
    lambda _p, order, _b: order["properties"].update(more={"type": "string"}),
    lambda _p, order, _b: order["required"].append("note"),
    lambda _p, order, _b: order["properties"].update(note={"type": "string"}),
    lambda _p, order, _b: order["properties"]["status"].update(enum=["open", "paid", "late"]),
    lambda _p, _o, body: body["properties"].update(more={"type": "string"}),
    lambda _p, _o, body: body["required"].clear(),
    lambda _p, _o, body: body["properties"]["sum"].update(maximum=1_000),
    lambda _p, _o, body: body["properties"]["kind"].update(enum=["goods", "service", "other"]),
]


@pytest.mark.parametrize(("edit", "where", "what"), BREAKS, ids=[f"{where} {what}" for _, where, what in BREAKS])
def test_a_break_is_found_and_said_where(edit: Edit, where: str, what: str) -> None:
    assert api_changes.breaks(OLD, changed(edit)) == [(where, what)]


@pytest.mark.parametrize("edit", HARMLESS, ids=range(len(HARMLESS)))
def test_what_is_new_beside_the_old_breaks_nobody(edit: Edit) -> None:
    assert api_changes.breaks(OLD, changed(edit)) == []


def test_a_shape_may_be_called_otherwise_and_an_event_may_not_go() -> None:
    renamed = json.loads(json.dumps(OLD).replace("schemas/Order", "schemas/Bill"))
    renamed["components"]["schemas"] = {
        name.replace("Order", "Bill"): shape for name, shape in OLD["components"]["schemas"].items()
    }
    renamed["components"]["schemas"] = json.loads(
        json.dumps(renamed["components"]["schemas"]).replace("schemas/Order", "schemas/Bill")
    )
    assert api_changes.breaks(OLD, renamed) == []
    assert api_changes.breaks(OLD, OLD | {"webhooks": {}}) == [("order.paid", "is gone")]


def test_the_newest_section_of_the_changelog_names_a_break() -> None:
    found = [("Order.note", "is gone"), ("OrderBody.kind", "is required now")]
    changelog = "# Changelog\n\n## 2.0, unreleased\n\n- `Order.note` is gone.\n\n## 1.0\n\n- `OrderBody.kind` came.\n"
    assert api_changes.unnamed(found, changelog) == [("OrderBody.kind", "is required now")]


def test_what_broke_since_the_last_release_is_in_the_changelog() -> None:
    """Each by the name given here, in backticks, in the newest section: say there what a client does instead."""
    kept = json.loads(api_changes.KEPT.read_text())
    assert api_changes.unnamed(api_changes.breaks(kept, api_changes.today()), api_changes.CHANGELOG.read_text()) == []


def test_the_document_that_is_compared_is_the_one_that_is_served(runtime: Runtime) -> None:
    served = create_app(runtime).test_client().get("/api/openapi.json")
    assert served.get_json() == json.loads(json.dumps(api_changes.today()))
