"""What was written in a form that could not be sent: encrypted into the sign-in page, and shown once after it."""

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import current_app, request, session
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from webapp.encryption import decrypt, encrypt
from webapp.security import submission_numbers
from webapp.security.context import current_person, runtime
from webapp.services.users import sessions
from webapp.settings import Settings

KEPT_SECONDS = 3_600
MOST_BYTES = 32 * 1024
_NUMBER = "submission"
_SHOWN_AT = "kept_form"
"""In the cookie: the address whose form has something kept, so that no other page asks the database for it."""
_SIGN_IN = "_user_id"
"""Where Flask-Login keeps the secret of a sign-in, also of one that has ended."""


@dataclass(frozen=True, slots=True)
class KeptForm:
    """The fields of one form, and whose it was as far as that is known."""

    path: str
    fields: list[tuple[str, str]]
    user_id: int | None = None
    had_files: bool = False

    def encrypted(self, settings: Settings) -> str:
        """As text that only this desk can read or make."""
        return encrypt(self._text(), settings.form_keys)

    @property
    def is_too_long(self) -> bool:
        """Whether it is more than can be kept."""
        return len(self._text().encode()) > MOST_BYTES

    def formdata(self) -> MultiDict[str, str]:
        """As a browser would send it."""
        return MultiDict(self.fields)

    def _text(self) -> str:
        return json.dumps([self.path, self.fields, self.user_id, self.had_files], ensure_ascii=False)


def written() -> KeptForm | None:
    """What the request under way wrote in a form of this desk; None when it was not sent by a page of this desk."""
    view = current_app.view_functions.get(request.endpoint or "")
    names = getattr(view, "desk_keeps", None)
    if names is None or request.method != "POST" or "Authorization" in request.headers or not _is_from_here():
        return None
    try:
        fields = [(name, value) for name in names() for value in request.form.getlist(name)]
        had_files = any(file.filename for file in request.files.values())
    except HTTPException:
        return None
    if any("\x00" in text for text in (request.path, *(value for _name, value in fields))):
        return None
    return KeptForm(here(), fields, _owner(), had_files)


def readable(text: str, user_id: int) -> KeptForm | None:
    """What was encrypted within the hour, when it is nobody else's."""
    try:
        path, fields, owner, had_files = json.loads(decrypt(text, runtime().settings.form_keys, ttl=KEPT_SECONDS))
    except ValueError:
        return None
    kept = KeptForm(path, [(name, value) for name, value in fields], owner, had_files)
    if owner is None and any(
        submission_numbers.is_of_another(value, user_id) for name, value in fields if name == _NUMBER
    ):
        return None  # signed out in another tab: the cookie says nothing of whose it was, the form does
    return kept if owner in (None, user_id) else None


def show_at(path: str) -> None:
    """The form at this address has something kept, in the sign-in that has just begun."""
    session[_SHOWN_AT] = path


def taken() -> KeptForm | None:
    """What is kept for the form at this address, one time."""
    if request.method != "GET" or session.get(_SHOWN_AT) != here():
        return None
    session.pop(_SHOWN_AT)
    user, signed_in = current_person()
    with runtime().db.transaction() as db:
        text = sessions.take_kept_form(db, signed_in.id)
    kept = readable(text or "", user.id)
    return kept if kept is not None and kept.path == here() else None


def here() -> str:
    """The address of the request under way, with its query."""
    return request.full_path.rstrip("?")


def _is_from_here() -> bool:
    """Whether the browser says that a page of this desk sent it. A foreign page must not choose what a form says."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    try:
        origin, own = urlsplit(request.headers.get("Origin", "")), urlsplit(request.host_url)
    except ValueError:  # http://[
        return False
    return bool(origin.netloc) and (origin.scheme, origin.netloc) == (own.scheme, own.netloc)


def _owner() -> int | None:
    secret = session.get(_SIGN_IN)
    if secret is None:
        return None
    with runtime().db.reading() as db:
        return sessions.owner_of(db, str(secret))
