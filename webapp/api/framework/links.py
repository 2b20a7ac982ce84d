"""What can be asked next with an answer in hand, as the description's links say it: clients and testers follow them."""

import re
from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel

from webapp.api.framework.routing import Endpoint

_PARTS = re.compile(r"<(?:(\w+):)?(\w+)>")
_WORDS = re.compile(r"[A-Z][a-z]+")
_BESIDE = {"New", "Shape", "With", "Escrow"}
"""Words that do not say what has the id, as in OrderWithEscrow; an escrow's shape has no others."""


def of(endpoint: Endpoint, declared: Iterable[Endpoint]) -> dict[str, Any]:
    """From what makes something to all that takes its id; from a list to what shows one of its rows."""
    if endpoint.status == 201:
        subject, place, methods = _subject(endpoint.answer), "$response.body#/id", {"GET", "POST", "PUT", "DELETE"}
    elif endpoint.method == "GET" and "data" in endpoint.answer.model_fields:
        rows = get_args(endpoint.answer.model_fields["data"].annotation)
        subject, place, methods = (_subject(rows[0]) if rows else ""), "$response.body#/data/0/id", {"GET"}
    else:
        return {}
    return {
        each.name: {"operationId": each.name, "parameters": {subject: place}}
        for each in declared
        if each.method in methods and _PARTS.findall(each.path) == [("id", subject)]
    }


def _subject(shape: type[BaseModel]) -> str:
    """By which name addresses take the id of such a thing; empty for what has none."""
    if "id" not in shape.model_fields:
        return ""
    words = _WORDS.findall(shape.__name__)
    named = [word for word in words if word not in _BESIDE] or ["Escrow"]
    return "_".join(word.lower() for word in named) + "_id"
