"""Errors as a person or a machine can use them: a page of the desk's, or problem+json."""

import errno
from typing import Any

from flask import (
    Flask,
    Response,
    current_app,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from flask_babel import get_translations
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from webapp import logs
from webapp.db_failures import CommitInDoubt, DatabaseFailure, failure_of
from webapp.domain.words import message, spoken
from webapp.errors import NotSignedIn, Refusal, Unavailable
from webapp.schema import SchemaUnusable
from webapp.security import caller_address, kept_forms
from webapp.security.content_negotiation import SAFE_METHODS, answers_in_json
from webapp.security.context import request_id, runtime, was_saved
from webapp.security.views import sign_in_page


def register_error_handlers(app: Flask) -> None:
    """Register an answer for every kind of error."""
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)
    app.after_request(_say_when_to_try_again)


_PATIENCE = "30"
"""Seconds after which it is worth another try, where the answer does not know better."""


def _say_when_to_try_again(response: Response) -> Response:
    """Every answer that something is not there just now has a Retry-After."""
    if response.status_code == 503:
        response.headers.setdefault("Retry-After", _PATIENCE)
    return response


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
    if isinstance(refusal, SchemaUnusable):
        return _being_upgraded(refusal)
    if answers_in_json():
        more = {"errors": refusal.fields} if refusal.fields else {}
        return problem(refusal.status, refusal.title, refusal.detail, **more)
    if isinstance(refusal, NotSignedIn):
        return _to_sign_in()
    return _page(refusal.status, _(refusal.title), spoken(refusal.detail, get_translations()))


_UPGRADE_SECONDS = 15


def _being_upgraded(refusal: SchemaUnusable) -> ResponseReturnValue:
    """503, by a page that asks the database for nothing: its tables are of another version."""
    detail = _sentences(_("The desk is being upgraded. Try again in a minute."), _effect(in_doubt=False))
    if answers_in_json():
        response = problem(503, refusal.title, f"{detail} {refusal.detail}")
    else:
        detail = _sentences(detail, spoken(refusal.detail, get_translations()))
        response = make_response(_plain(503, _("The desk is being upgraded"), detail), 503)
    response.headers["Retry-After"] = str(_UPGRADE_SECONDS)
    return response


def _to_sign_in() -> ResponseReturnValue:
    """The way to sign in; what was written in a form of ours goes with it."""
    kept = kept_forms.written()
    if kept is not None and not kept.is_too_long:
        return sign_in_page(kept)
    if kept is not None:
        flash(_("What you wrote is too long to be kept. Go back in your browser and copy it before you sign in."))
    wanted = kept_forms.here() if kept is not None or request.method == "GET" else "/"
    return redirect(url_for("security.sign_in", next=None if wanted == "/" else wanted))


def _stale_form(error: CSRFError) -> ResponseReturnValue:
    detail = _port_lost() if caller_address.is_port_lost(error) else _too_old()
    return (
        problem(400, "Bad request", detail)
        if answers_in_json()
        else _page(400, _("This form can't be used any more"), detail)
    )


def _too_old() -> str:
    return _(
        "This form is too old, or came from elsewhere. Nothing was changed. Go back, load the page again and send it "
        "once more."
    )


def _port_lost() -> str:
    return _(
        "Your browser has this desk at %(theirs)s, and the proxy before the desk asked for %(ours)s. Nothing was "
        "changed. Whoever runs the desk has the proxy send the Host that the browser sent, with its port (nginx: "
        "proxy_set_header Host $http_host;).",
        theirs=caller_address.seen_by_browser()[:_SHOWN_OF_A_HOST],
        ours=request.host[:_SHOWN_OF_A_HOST],
    )


_SHOWN_OF_A_HOST = 100
"""Characters. A host's name may have 253, and a stranger may send anything."""
_SENTENCES = {
    400: message("The request could not be understood."),
    404: message("There is nothing at this address. It may have moved, or the link was cut short."),
    405: message("This address does not do that."),
    413: message("What was sent is too large."),
    429: message("Too many requests. Wait a moment."),
}


def _http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status < 400:
        return error.get_response()
    detail = _SENTENCES.get(status, error.description or "")
    back = ""
    if isinstance(error, RequestEntityTooLarge):
        detail, back = _too_large(detail), request.full_path.rstrip("?")
    if request_ctx.url_adapter is None:
        return _below_no_host_of_ours()
    page = problem(status, error.name, detail) if answers_in_json() else _page(status, _(error.name), _(detail), back)
    response = make_response(page)
    # Such as the methods that an address does have, which a 405 has to say.
    for name, value in error.get_headers():
        response.headers.setdefault(name, value)
    return response


def _too_large(else_: str) -> str:
    """`else_` where it is a text of a form that is too long, and no file.

    Where no address takes more than others, a file of evidence is what is large: its limit, not that of its body."""
    most, everywhere = request.max_content_length, current_app.config["MAX_CONTENT_LENGTH"]
    if most is None or (request.content_length or 0) <= most:
        return _(else_)
    size = runtime().settings.evidence_max_megabytes if most == everywhere else most // _MEGABYTE
    return _("What was sent is too large: a file may have at most %(size)s MB. Nothing was changed.", size=size)


_MEGABYTE = 1024 * 1024


def _below_no_host_of_ours() -> ResponseReturnValue:
    """No page of ours can be named below a host that is none of ours, or can't be one: Flask matched no address."""
    host = request.environ.get("HTTP_HOST", "")[:_SHOWN_OF_A_HOST]
    detail = _(
        "This desk does not answer to the name “%(host)s”. Use the address that you were given. Whoever runs the desk "
        "names its hosts in TRUSTED_HOSTS, and has the proxy before it send the Host that the browser sent.",
        host=host,
    )
    if answers_in_json():
        return problem(400, "Bad request", detail)
    return _plain(400, _("This is not the desk's address"), detail), 400


def _bug(error: Exception) -> ResponseReturnValue:
    failure = failure_of(error)
    if failure is not None:
        first_line = str(error).partition("\n")[0]
        logs.get_logger().warning("database_failed", method=request.method, path=request.path, problem=first_line)
        return _unavailable(failure, in_doubt=isinstance(error, CommitInDoubt))
    logs.get_logger().error("request_failed", method=request.method, path=request.path, exc_info=error)
    if isinstance(error, OSError) and error.errno in _OF_FILES:
        return _no_file(error)
    detail = _sentences(
        _("Something went wrong on our side."), _effect(in_doubt=False), _("The request's number helps to find out.")
    )
    if answers_in_json():
        return problem(500, "Internal error", detail)
    return _plain(500, _("Something went wrong"), detail), 500


_OF_FILES = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO, errno.EMFILE, errno.ENFILE}
)
"""What the machine says when a file can't be opened or written: an upload that is large lies in one meanwhile."""


def _no_file(error: OSError) -> ResponseReturnValue:
    detail = _sentences(
        _("A file that this needs can't be used just now: %(why)s.", why=error.strerror),
        _effect(in_doubt=False),
        _("Tell whoever runs the desk."),
    )
    if answers_in_json():
        return problem(503, Unavailable.title, detail)
    return _plain(503, _("The desk can't do this just now"), detail), 503


def _unavailable(failure: DatabaseFailure, *, in_doubt: bool) -> ResponseReturnValue:
    """503 with when to try again. The page asks the database for nothing."""
    again = _("Try again in %(seconds)d seconds.", seconds=failure.retry_after)
    settled = not in_doubt and not was_saved()
    detail = _sentences(_(failure.sentence), _effect(in_doubt), again if settled else "")
    if answers_in_json():
        response = problem(503, Unavailable.title, detail)
    else:
        response = make_response(_plain(503, _("The desk can't do this just now"), detail), 503)
    response.headers["Retry-After"] = str(failure.retry_after)
    return response


def _effect(in_doubt: bool) -> str:
    """What became of the change that was sent, as far as it is known."""
    if request.method in SAFE_METHODS:
        return ""
    if not in_doubt and not was_saved():
        return _("Nothing was changed.")
    if was_saved() and not in_doubt:
        return _("What you sent was saved, but not everything that follows from it: look at it before you go on.")
    if answers_in_json():
        return _(
            "The connection was lost while it was being saved, so it may or may not have been done: look first, or "
            "send it again with the same Idempotency-Key."
        )
    return _(
        "The connection was lost while it was being saved, so it may or may not have been done. Look at it before you "
        "do it again; the very same form sent once more is done only once."
    )


def _sentences(*some: str) -> str:
    return " ".join(filter(None, some))


def _plain(status: int, title: str, detail: str) -> str:
    return render_template("security/broken.html", status=status, title=title, detail=detail, request_id=request_id())


def _page(status: int, title: str, detail: str, back: str = "") -> ResponseReturnValue:
    """`back` is the address of the form that was sent; its page leads on to where it stands."""
    page = render_template(
        "security/refused.html", status=status, title=title, detail=detail, back=back, request_id=request_id()
    )
    return page, status
