"""The token of Flutterwave v4: asked for by one process at a time, kept encrypted, shared by all, never logged."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, update

from webapp import clock
from webapp.db import Database
from webapp.encryption import decrypt, encrypt
from webapp.models import ProviderToken
from webapp.providers.flutterwave.common import NAME
from webapp.providers.http.answer_kinds import KnownAnswers
from webapp.providers.http.client import HttpClient
from webapp.providers.http.errors import CallFailed, NotSent, Unknown
from webapp.providers.http.response_reader import ResponseObject
from webapp.sql import insert_new

TOKEN_NAME = "flutterwave-token"  # noqa: S105
"""The identity provider has a circuit and a pace of its own."""
MARGIN = timedelta(minutes=2)
"""A token that expires within this is replaced ahead of time, by the job."""
_LAST_MOMENT = timedelta(seconds=5)
_CLAIM = timedelta(seconds=30)
_POLL_EVERY, _AGAIN_AFTER = 0.1, 30.0


def _read_error(body: Any) -> tuple[str, str]:
    """Code and sentence of the identity provider's error; its own free text is not repeated."""
    code = str(body.get("error") or "")[:80] if isinstance(body, dict) else ""
    return code, code.replace("_", " ")


ANSWERS = KnownAnswers((), _read_error, lambda body: isinstance(body, dict))


@dataclass(frozen=True)
class ClientCredentials:
    """Who asks. The secret is never shown."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class _Held:
    token: str = field(repr=False)
    expires_at: datetime

    def lasts(self, margin: timedelta) -> bool:
        return self.expires_at - clock.now() > margin


class Tokens:
    """The present token of one account. Use it outside transactions only."""

    def __init__(self, db: Database, client: HttpClient, credentials: ClientCredentials, keys: Sequence[bytes]) -> None:
        self._db, self._client, self._credentials, self._keys = db, client, credentials, keys
        self._lock = threading.Lock()
        self._held: _Held | None = None

    def current(self) -> str:
        """A token that is good now; a new one is asked for when there is none. Raises NotSent."""
        with self._lock:
            if self._held is None or not self._held.lasts(_LAST_MOMENT):
                self._held = self._lasting(_LAST_MOMENT)
            return self._held.token

    def refresh(self, margin: timedelta = MARGIN) -> datetime:
        """Ask for a new token if the present one expires within the margin; returns when it expires. Raises NotSent."""
        with self._lock:
            self._held = self._lasting(margin)
            return self._held.expires_at

    def check(self) -> None:
        """Ask for a token that is not kept: the present one says nothing of credentials that were changed since.

        Raises CallFailed, KeyRefused where they are not taken.
        """
        self._ask()

    def give_up(self) -> None:
        """The provider does not take the present token any more."""
        with self._lock:
            if self._held is not None:
                same = (ProviderToken.provider == NAME, ProviderToken.expires_at == self._held.expires_at)
                self._write(update(ProviderToken).where(*same).values(expires_at=clock.now()))
            self._held = None

    def _lasting(self, margin: timedelta) -> _Held:
        """From the database, or by asking; while another asks, wait for what comes of it."""
        ends = time.monotonic() + _CLAIM.total_seconds()
        while True:
            held, row = self._stored()
            if held is not None and held.lasts(margin):
                return held
            if self._claim(row):
                return self._request_token()
            if held is not None and held.lasts(_LAST_MOMENT):
                return held
            if time.monotonic() > ends:
                raise NotSent("Flutterwave's token is being asked for and does not come.", retry_after=_AGAIN_AFTER)
            time.sleep(_POLL_EVERY)

    def _stored(self) -> tuple[_Held | None, ProviderToken | None]:
        with self._db.reading() as session:
            row = session.get(ProviderToken, NAME)
        if row is None or row.token_encrypted is None or row.expires_at is None:
            return None, row
        try:
            return _Held(decrypt(row.token_encrypted, self._keys), row.expires_at), row
        except ValueError:  # sealed under a key that is not known any more
            return None, row

    def _claim(self, seen: ProviderToken | None) -> bool:
        """Whether this process is the one that asks: no other does now, and none has since we looked."""
        now = clock.now()
        if seen is None:
            with self._db.transaction() as session:
                session.execute(
                    insert_new(session, ProviderToken).values(provider=NAME, failures=0).on_conflict_do_nothing()
                )
        free = or_(ProviderToken.refreshed_at.is_(None), ProviderToken.refreshed_at <= now)
        before = seen.expires_at if seen is not None else None
        same = ProviderToken.expires_at.is_(None) if before is None else ProviderToken.expires_at == before
        mine = update(ProviderToken).where(ProviderToken.provider == NAME, free, same)
        return self._write(mine.values(refreshed_at=now + _CLAIM)) == 1

    def _request_token(self) -> _Held:
        try:
            held = self._ask()
        except CallFailed as failure:
            failures = ProviderToken.failures + 1
            self._settle(refreshed_at=None, failures=failures, last_error=failure.sentence[:300])
            raise NotSent(f"Flutterwave gives no token: {failure.sentence}", retry_after=_AGAIN_AFTER) from None
        encrypted = encrypt(held.token, self._keys)
        self._settle(
            token_encrypted=encrypted, expires_at=held.expires_at, refreshed_at=clock.now(), failures=0, last_error=None
        )
        return held

    def _ask(self) -> _Held:
        requested_at = clock.now()
        form = {
            "grant_type": "client_credentials",
            "client_id": self._credentials.id,
            "client_secret": self._credentials.secret,
        }
        answer = ResponseObject(TOKEN_NAME, self._client.ask_form("", form))
        seconds = answer.minor("expires_in")
        if seconds <= 0 or answer.text("token_type").lower() != "bearer":
            raise Unknown("Flutterwave answered with a token that can't be used.")
        return _Held(answer.text("access_token"), requested_at + timedelta(seconds=min(seconds, 86_400)))

    def _settle(self, **values: Any) -> None:
        self._write(update(ProviderToken).where(ProviderToken.provider == NAME).values(**values))

    def _write(self, statement: Any) -> int:
        with self._db.transaction() as session:
            done = session.execute(statement.execution_options(synchronize_session=False))
            return getattr(done, "rowcount", 0)
