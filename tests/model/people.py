"""The desk's people in front of its API: each signs in as a browser does, and sends what matters twice."""

import itertools
import re
from typing import Any

from flask.testing import FlaskClient

from tests.model.worlds import ACTORS
from tests.support.people import PASSWORD, send
from webapp.app import create_app
from webapp.errors import Refusal
from webapp.models import User
from webapp.runtime import Runtime
from webapp.services.users import passwords

_TWICE = 3
"""Every third request is sent again under its key, as by somebody whose connection broke before the answer came."""
_REFUSED = (401, 403, 404, 409, 422)


class People:
    """Everybody whom the model knows, signed in to one desk."""

    def __init__(self, runtime: Runtime) -> None:
        self._app = create_app(runtime)
        self._browsers: dict[str, tuple[FlaskClient, str]] = {}
        self._keys = itertools.count(1)
        with runtime.db.transaction() as session:
            for actor in ACTORS.values():
                user = session.get_one(User, actor.id)
                user.password = passwords.hashed(PASSWORD)

    def ask(
        self, who: str, path: str, body: Any = None, method: str = "POST", *, looks_anew: bool = False, **query: Any
    ) -> Any:
        """What the API answers; raises Refusal where it refuses.

        Asked again by the same key it says the same: that is compared here, unless it looks at the provider anew.
        """
        key = next(self._keys)
        answer = self._sent(who, path, body, method, key, query)
        if key % _TWICE == 0 and not looks_anew:
            again = self._sent(who, path, body, method, key, query)
            assert _said(again) == _said(answer), f"{method} {path} sent again says {again.text}, first {answer.text}"
        if answer.status_code in _REFUSED:
            raise Refusal(answer.json["detail"])
        assert answer.status_code in (200, 201, 202), f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json

    def _sent(self, who: str, path: str, body: Any, method: str, key: int, query: dict[str, Any]) -> Any:
        for is_first in (True, False):
            browser, token = self._signed_in(who)
            headers = {"X-CSRFToken": token, "Idempotency-Key": f"{who}-{key}"}
            more = {"json": {} if body is None else body, "query_string": query or None}
            answer = browser.open(path, method=method, headers=headers, **more)
            if answer.status_code != 401 or not is_first:
                return answer
            del self._browsers[who]  # Days went by: the session is over.
        raise AssertionError(f"{who} is signed in and is told not to be")

    def _signed_in(self, who: str) -> tuple[FlaskClient, str]:
        if who not in self._browsers:
            browser = self._app.test_client()
            came = send(browser, "/sign-in", email=f"{who.lower()}@desk.example", password=PASSWORD)
            assert came.status_code == 303, came.text
            found = re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/profile/passkeys").text)
            assert found
            self._browsers[who] = browser, found[1]
        return self._browsers[who]


def _said(answer: Any) -> tuple[int, Any]:
    """What is to be the same when it is asked again."""
    told = dict(answer.json)
    if answer.status_code in _REFUSED:
        told = {"detail": told["detail"]}
    return answer.status_code, told
