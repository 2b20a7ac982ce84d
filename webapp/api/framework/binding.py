"""From a declared endpoint to a view of Flask's: input, transaction, idempotency, answer."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, abort, request
from pydantic import BaseModel
from werkzeug.routing import IntegerConverter

from webapp import clock
from webapp.api.framework.parsing import body_as, query_as, require_no_query
from webapp.api.framework.routing import Call, Endpoint, FileAnswer
from webapp.domain.numbers import parse_whole
from webapp.errors import NotFound
from webapp.runtime import Runtime
from webapp.security import current_actor, needs
from webapp.security.context import note_saved
from webapp.services.common import idempotency

KEY_HEADER = "Idempotency-Key"


class IdConverter(IntegerConverter):
    """A number that the database can hold. A larger one names nothing, whatever the method: 404, not 405."""

    def to_python(self, value: str) -> int:
        """The number. Raises Flask's own 404 for one that nothing can have: our refusals are not known here yet."""
        number = parse_whole(value)
        if not number:
            abort(404)
        return number


def bind(app: Flask, runtime: Runtime, endpoint: Endpoint) -> None:
    """Add the endpoint's address to the application."""
    view = _writing(runtime, endpoint) if endpoint.writes else _reading(runtime, endpoint)
    view.__name__ = endpoint.name
    name = f"api.{endpoint.tag}.{endpoint.name}"
    app.add_url_rule(endpoint.path, name, needs(endpoint.permission)(view), methods=[endpoint.method])


def _reading(runtime: Runtime, endpoint: Endpoint) -> Callable[..., Response]:
    def view(**parts: Any) -> Response:
        given = _input(endpoint, parts)
        with runtime.db.reading() as session:
            call = Call(session, current_actor(), clock.now(), runtime)
            answer = endpoint.function(call, **parts, **given)
        return _file(answer) if isinstance(answer, FileAnswer) else _answer(endpoint, answer.model_dump_json())

    return view


def _writing(runtime: Runtime, endpoint: Endpoint) -> Callable[..., Response]:
    def view(**parts: Any) -> Response:
        given = _input(endpoint, parts)
        if endpoint.precheck is not None:
            endpoint.precheck(given.get("body"))
        with runtime.db.transaction() as session:
            call = Call(session, current_actor(), clock.now(), runtime)
            response = _once(endpoint, call, lambda: endpoint.function(call, **parts, **given))
        note_saved()
        return response if endpoint.post_commit is None else _finished(endpoint, runtime, response)

    return view


def _finished(endpoint: Endpoint, runtime: Runtime, response: Response) -> Response:
    """What the outside is needed for, once what we know of it is committed."""
    if endpoint.post_commit is not None:
        answer = endpoint.answer.model_validate_json(response.get_data())
        response.set_data(endpoint.post_commit(runtime, current_actor(), answer).model_dump_json())
    return response


def _once(endpoint: Endpoint, call: Call, operation: Callable[[], BaseModel]) -> Response:
    key = request.headers.get(KEY_HEADER)
    if key is None:
        return _made(endpoint, operation())
    what = (request.method, request.full_path, request.get_data(cache=True))
    digests = [idempotency.digest(secret, *what) for secret in call.runtime.settings.request_keys]
    first = idempotency.begin(call.session, call.actor, key, digests, call.at)
    if first is not None:
        return _answer(endpoint, first.body, {"Idempotency-Replayed": "true"})
    answer = operation()
    kept = answer.model_copy(update=dict.fromkeys(endpoint.secret_fields)).model_dump_json()
    idempotency.store(call.session, call.actor, key, endpoint.status, kept)
    return _made(endpoint, answer)


def _made(endpoint: Endpoint, answer: BaseModel) -> Response:
    where = {"Location": endpoint.location.format(**answer.model_dump())} if endpoint.location else {}
    return _answer(endpoint, answer.model_dump_json(), where)


def _file(answer: FileAnswer) -> Response:
    """As an attachment, whose policy lets nothing in it run, and that no browser keeps."""
    headers = {
        "Content-Disposition": f'attachment; filename="{answer.name}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "no-store",
    }
    return Response(answer.content, 200, headers, content_type=answer.media_type)


def _answer(endpoint: Endpoint, body: str, headers: dict[str, str] | None = None) -> Response:
    return Response(body, endpoint.status, headers, mimetype="application/json")


def _input(endpoint: Endpoint, parts: dict[str, Any]) -> dict[str, BaseModel]:
    if any("\x00" in str(part) for part in parts.values()):
        raise NotFound("There is nothing at this address.")
    body, query = endpoint.takes("body"), endpoint.takes("query")
    if query is None and endpoint.path.startswith("/api/"):
        require_no_query()
    given = {"body": body_as(body)} if body else {}
    return given | ({"query": query_as(query)} if query else {})
