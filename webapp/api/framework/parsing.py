"""From bytes and query strings to typed input. Everything that is wrong is said at once, by field."""

import json
from collections import Counter
from typing import Any

from flask import request
from pydantic import BaseModel, ValidationError

from webapp.errors import Invalid, Refusal


class NotJson(Refusal):
    """The body can't be read."""

    status = 400
    title = "Bad request"


class WrongMediaType(Refusal):
    """The body says that it is not JSON."""

    status = 415
    title = "Unsupported media type"


def body_as(shape: type[BaseModel]) -> BaseModel:
    """The request's JSON in this shape. Raises NotJson, WrongMediaType or Invalid."""
    if not request.get_data(cache=True):
        return _checked(shape, {})
    if not request.is_json:
        raise WrongMediaType("Send JSON, with the header Content-Type: application/json.")
    try:
        sent = json.loads(request.get_data(cache=True), object_pairs_hook=_each_name_once)
    except (ValueError, RecursionError):
        raise NotJson("The body is not JSON that can be read.") from None
    if not isinstance(sent, dict):
        raise NotJson("The body must be a JSON object.")
    return _checked(shape, sent)


def query_as(shape: type[BaseModel]) -> BaseModel:
    """The request's query string in this shape. Raises Invalid."""
    doubled = [name for name, values in request.args.lists() if len(values) > 1]
    if doubled:
        names = ", ".join(doubled)
        fields = dict.fromkeys(doubled, "It is there more than once.")
        raise Invalid(f"Some of the query is there more than once: {names}. Nothing was changed.", fields=fields)
    return _checked(shape, request.args.to_dict())


def require_no_query() -> None:
    """Raise Invalid when the query string says anything: what is not read must not seem to have been."""
    if request.args:
        fields = dict.fromkeys(request.args, "There is no such field.")
        names = ", ".join(fields)
        raise Invalid(f"This address takes nothing in its query: {names}. Nothing was changed.", fields=fields)


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object. Which of two values counts is read one way here, and maybe another way by who looked before."""
    found = dict(pairs)
    if len(found) < len(pairs):
        doubled, _count = Counter(name for name, _value in pairs).most_common(1)[0]
        raise NotJson(f"The body names {doubled!r} more than once.")
    return found


def _checked(shape: type[BaseModel], sent: dict[str, Any]) -> BaseModel:
    try:
        return shape.model_validate(sent)
    except ValidationError as error:
        fields = problems(error)
        names = ", ".join(fields)
        raise Invalid(f"Some of the input can't be used: {names}. Nothing was changed.", fields=fields) from None


def problems(error: ValidationError) -> dict[str, str]:
    """A sentence for each field that is wrong."""
    return {_place(found["loc"]): _sentence(found) for found in error.errors(include_url=False)}


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "body"


_SENTENCES = {
    "missing": "This is required.",
    "extra_forbidden": "There is no such field.",
    "model_type": "This must be a JSON object.",
}


def _sentence(found: Any) -> str:
    message = _SENTENCES.get(found["type"])
    if message:
        return message
    if found["type"] == "too_long" and isinstance(found["input"], str):
        # A second limit on a text is checked as that of any list, and told in its words.
        return f"String should have at most {found['ctx']['max_length']} characters."
    reason = str(found["msg"]).removeprefix("Value error, ").rstrip(".")
    return reason[:1].upper() + reason[1:] + "."
