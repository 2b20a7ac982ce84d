"""Secrets at rest are encrypted anew under the present SECRET_KEY, so that the former one may go."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.encryption import decrypt, encrypt
from webapp.models import PayoutDestination, ProviderToken, User, UserIdentity, WebhookEndpoint
from webapp.services.audit import trail
from webapp.services.users.two_factor import Codes
from webapp.settings import Settings

CHUNK = 500
_PERMISSION = "settings:manage"


@dataclass(frozen=True, slots=True)
class SecretColumn:
    """Where secrets of one kind lie. `renewed` gives one under the present key, or None when it is so already.

    It raises ValueError when none of the keys reads it.
    """

    name: str
    table: Any
    column: Any
    renewed: Callable[[str], str | None]

    @property
    def key(self) -> Any:
        """The table's primary key."""
        [found] = self.table.__table__.primary_key.columns
        return found


@dataclass(slots=True)
class SecretTally:
    """How many secrets of a kind are under which key."""

    name: str
    present: int = 0
    former: int = 0
    """Under a former key; after `renew`, those that it encrypted anew."""
    unreadable: int = 0
    """Under none of the keys."""


def columns(settings: Settings) -> list[SecretColumn]:
    """Every kind of secret that the database keeps."""
    fernet = _of_fernet(settings.encryption_keys)
    return [
        SecretColumn("secrets of webhook endpoints", WebhookEndpoint, WebhookEndpoint.secret_encrypted, fernet),
        SecretColumn(
            "former secrets of webhook endpoints", WebhookEndpoint, WebhookEndpoint.former_secret_encrypted, fernet
        ),
        SecretColumn("accounts of payout destinations", PayoutDestination, PayoutDestination.account_encrypted, fernet),
        SecretColumn("access tokens of providers", ProviderToken, ProviderToken.token_encrypted, fernet),
        SecretColumn(
            "identity tokens of people",
            UserIdentity,
            UserIdentity.id_token_encrypted,
            _of_fernet(settings.sign_in_keys),
        ),
        SecretColumn("second factors of people", User, User.totp_secret, Codes(settings).renewed),
    ]


def check(session: Session, column: SecretColumn) -> SecretTally:
    """How many of them are under which key; changes nothing."""
    tally, last = SecretTally(column.name), None
    while last := _look(session, column, last, tally)[0]:
        pass
    return tally


def renew(session: Session, column: SecretColumn, after: Any, tally: SecretTally, *, at: datetime, actor: Actor) -> Any:
    """Encrypt the next five hundred anew; returns the key of the last, or None at the end. Commit after each.

    One that is changed meanwhile stays as it was written: whoever writes, writes under the present key.
    """
    actor.require(_PERMISSION)
    last, new = _look(session, column, after, tally)
    if new:
        table = column.table.__table__
        old = table.c[column.column.key]
        changed = update(table).where(column.key == bindparam("of"), old == bindparam("from_"))
        session.connection().execute(changed.values({old: bindparam("to")}), new)
        found = {"what": column.name, "renewed": len(new)}
        trail.record(session, actor, "secrets.renew", ("settings", 0), at=at, after=found)
    return last


def _look(session: Session, column: SecretColumn, after: Any, tally: SecretTally) -> tuple[Any, list[dict[str, Any]]]:
    """Count the next chunk; the key of its last and what is to be changed."""
    query = select(column.key, column.column).where(column.column.is_not(None)).order_by(column.key).limit(CHUNK)
    rows = session.execute(query if after is None else query.where(column.key > after)).all()
    new = list(_renewed(column, [tuple(row) for row in rows], tally))
    return (rows[-1][0] if rows else None), new


def _renewed(column: SecretColumn, rows: Sequence[tuple[Any, ...]], tally: SecretTally) -> Iterator[dict[str, Any]]:
    for key, secret in rows:
        try:
            renewed = column.renewed(secret)
        except ValueError:
            tally.unreadable += 1
            continue
        if renewed is None:
            tally.present += 1
        else:
            tally.former += 1
            yield {"of": key, "from_": secret, "to": renewed}


def _of_fernet(keys: Sequence[bytes]) -> Callable[[str], str | None]:
    def renewed(secret: str) -> str | None:
        try:
            decrypt(secret, keys[:1])
        except ValueError:
            return encrypt(decrypt(secret, keys), keys)
        return None

    return renewed
