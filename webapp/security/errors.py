"""Errors as a person or a machine can use them: a page of the desk's, or problem+json."""

from typing import Any

from flask import Flask, Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from webapp import logs
from webapp.errors import NotSignedIn, Refusal
from webapp.security.context import request_id
from webapp.security.kinds import answers_in_json


def answer(app: Flask) -> None:
    """Register an answer for every kind of error."""
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    """An error as `application/problem+json`."""
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request_id(),
        **more,
    }
    response = jsonify(body)
    response.status_code, response.content_type = status, "application/problem+json"
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def refused(refusal: Refusal) -> ResponseReturnValue:
    """The answer to a refusal."""
    if answers_in_json():
        more = {"errors": refusal.fields} if refusal.fields else {}
        return problem(refusal.status, refusal.title, refusal.detail, **more)
    if isinstance(refusal, NotSignedIn):
        wanted = request.full_path.rstrip("?") if request.method == "GET" else "/"
        return redirect(url_for("security.sign_in", next=None if wanted == "/" else wanted))
    return _page(refusal.status, _(refusal.title), refusal.detail)


def _stale_form(_error: CSRFError) -> ResponseReturnValue:
    detail = _(
        "This form is too old, or came from elsewhere. Nothing was changed. Go back, load the page again and send it "
        "once more."
    )
    return (
        problem(400, "Bad request", detail)
        if answers_in_json()
        else _page(400, _("This form can't be used any more"), detail)
    )


_SENTENCES = {
    400: "The request could not be understood.",
    404: "There is nothing at this address. It may have moved, or the link was cut short.",
    405: "This address does not do that.",
    413: "What was sent is too large.",
    429: "Too many requests. Wait a moment.",
}


def _http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status < 400:
        return error.get_response()
    detail = _SENTENCES.get(status, error.description or "")
    return problem(status, error.name, detail) if answers_in_json() else _page(status, _(error.name), _(detail))


def _bug(error: Exception) -> ResponseReturnValue:
    logs.get_logger().error("request_failed", method=request.method, path=request.path, exc_info=error)
    detail = _(
        "Something went wrong on our side. Nothing was changed unless the page said so. The request's number helps to "
        "find out."
    )
    if answers_in_json():
        return problem(500, "Internal error", detail)
    return render_template(
        "security/broken.html", status=500, title=_("Something went wrong"), detail=detail, request_id=request_id()
    ), 500


def _page(status: int, title: str, detail: str) -> ResponseReturnValue:
    return render_template(
        "security/refused.html", status=status, title=title, detail=detail, request_id=request_id()
    ), status
