"""Wallets that are missing: of verified parties, in the currencies in which they trade or are paid out.

One that does neither and has no wallet yet gets one in its country's currency, or in the desk's own.

A wallet is never removed, so that what was looked at once lacks none: only what came since is looked at, and whoever
was verified since.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, literal, null, or_, select, union, union_all, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.instants import parse_instant
from webapp.domain.money.countries import currencies
from webapp.domain.outbox.event_types import WalletOpened
from webapp.domain.states import AccountKind
from webapp.domain.words import phrase
from webapp.errors import Conflict
from webapp.models import Account, Escrow, Party, PayoutDestination, PayoutSchedule, StoredSetting
from webapp.services.audit import trail
from webapp.services.common import events, lookup, validation
from webapp.services.common.batch_result import Outcome
from webapp.services.common.due import Due
from webapp.services.escrows.release_refusals import NO_WALLET
from webapp.services.ledger import accounts
from webapp.services.parties import parties
from webapp.sql import Rows, is_sqlite, json_text, one_of, shared_alias

SOURCES = (Party, Escrow, PayoutSchedule, PayoutDestination)
"""Where parties' currencies are found."""
_SEEN = "wallets_seen"
_SLACK = timedelta(hours=1)
"""So much earlier an instant may have been taken by another clock, in a transaction that was long."""
_Verified = shared_alias(Party, name="verified")
_MAY_HAVE_ONE = (Party.verified_at.is_not(None), Party.forgotten_at.is_(None))


@dataclass(frozen=True, slots=True)
class Seen:
    """Up to which id the sources were looked at, and when that was: nobody verified before it lacks a wallet there."""

    at: datetime
    ids: dict[str, int]


def newest(session: Session, at: datetime) -> Seen:
    """Up to where the sources go now. What is not committed yet has to be waited for."""
    found = {model.__tablename__: session.scalars(select(func.max(model.id))).one() or 0 for model in SOURCES}
    return Seen(at, found)


def seen(session: Session, now: Seen) -> Seen | None:
    """What the last run that left nothing undone looked at; None before the first, and where the ids come again."""
    kept = session.get(StoredSetting, _SEEN)
    if kept is None or any(now.ids[name] < number for name, number in kept.value["ids"].items()):
        return None
    return Seen(parse_instant(kept.value["at"]), dict(kept.value["ids"]))


def keep_seen(session: Session, marks: Seen, *, at: datetime, actor: Actor) -> None:
    """The next run looks at what comes after."""
    value = {"at": marks.at.isoformat(), "ids": marks.ids}
    session.merge(StoredSetting(name=_SEEN, value=value, changed_at=at, changed_by=actor.name))


def due(since: Seen | None = None) -> Due:
    """Verified parties that lack a wallet somewhere, by number: of everything, or of what came since."""
    lacking = union_all(*[select(party).where(where, *_came(party, since)) for party, _, where in _missing()])
    parts = [select(Party.id).where(Party.id.in_(lacking))]
    if since is not None:
        parts += [_verified_since(party, where, since) for party, _, where in _missing()]
    return Due(Party, select(Party.id).where(*_MAY_HAVE_ONE, Party.id.in_(union_all(*parts))), (Party.id,))


def _came(party: Any, since: Seen | None) -> tuple[ColumnElement[bool], ...]:
    """Rows of the source that came since."""
    if since is None:
        return ()
    table = party.class_.__tablename__
    return (party.class_.id > since.ids.get(table, 0),)


def _verified_since(party: Any, where: ColumnElement[bool], since: Seen) -> Any:
    """Whoever was verified since, or shortly before: its earlier orders count too."""
    late = select(_Verified.id).where(_Verified.verified_at >= since.at - _SLACK)
    return select(party).where(party.in_(late), where)


def blocked() -> Due:
    """Escrows that are marked as waiting for a wallet which is there by now."""
    found = select(Escrow.id).where(Escrow.blocked == NO_WALLET, _has_wallet(Escrow.seller_id, Escrow.currency))
    return Due(Escrow, found, (Escrow.id,))


def open_missing(
    session: Session, ids: Sequence[int], *, at: datetime, actor: Actor, default: str, run_id: int | None = None
) -> Outcome:
    """Open the wallets that these parties lack; counted by wallet. One that another opens meanwhile is left to it."""
    actor.require("money:move")
    made = accounts.open_wallets(session, _pairs(session, ids, default), at=at)
    if made:
        _record(session, made, at, actor, run_id)
    return Outcome("party", done=len(made))


def open_by_hand(session: Session, party_id: int, currency: str, reason: str, *, at: datetime, actor: Actor) -> Account:
    """Open one wallet, for a party that is not verified too: what waited for it is paid by the next run.

    Raises Conflict when there is one already.
    """
    actor.require("wallet:open")
    reason = validation.require_text(reason, "reason", phrase("Say why, in a sentence."))
    validation.require_currency(currency)
    parties.require_known(session, party_id)
    party: Party = lookup.by_id(session, Party, party_id, "party")
    owner = select(literal(party_id).label("party_id"), literal(currency).label("currency"))
    made = accounts.open_wallets(session, owner, at=at)
    if not made:
        raise Conflict(
            phrase("%(name)s has a wallet in %(currency)s already.", name=party.name, currency=currency),
            fields={"currency": phrase("There is one.")},
        )
    _unmark(session, Escrow.seller_id == party_id, Escrow.currency == currency)
    after = {"currency": currency, "account": made[0]}
    trail.record(session, actor, "wallet.open", ("party", party_id), at=at, reason=reason, after=after)
    events.add_all(session, WalletOpened(), made, at=at)
    return session.get_one(Account, made[0])


def preview_missing(session: Session, ids: Sequence[int], *, at: datetime, default: str) -> Outcome:
    """How many wallets `open_missing` would open for these parties; `at` is there for the engine."""
    return Outcome(
        "party", done=session.scalars(select(func.count()).select_from(_pairs(session, ids, default).subquery())).one()
    )


def unblock(session: Session, ids: Sequence[int], *, at: datetime, actor: Actor, run_id: int | None = None) -> Outcome:
    """Take the mark from escrows whose seller has a wallet by now: the next release pays them. Not counted."""
    actor.require("money:move")
    _unmark(session, one_of(session, Escrow.id, ids))
    return Outcome("escrow")


def _unmark(session: Session, *which: ColumnElement[bool]) -> None:
    marked = (Escrow.blocked == NO_WALLET, _has_wallet(Escrow.seller_id, Escrow.currency))
    session.execute(
        update(Escrow).where(*which, *marked).values(blocked=None).execution_options(synchronize_session=False)
    )


def _pairs(session: Session, ids: Sequence[int], default: str) -> Any:
    """Party and currency of each wallet that these parties lack, once each."""
    parts = [
        select(party.label("party_id"), currency.label("currency")).where(one_of(session, party, ids), where)
        for party, currency, where in _missing(default)
    ]
    found = union(*parts).subquery()
    verified = select(found).join(Party, Party.id == found.c.party_id).where(*_MAY_HAVE_ONE)
    return verified.order_by(found.c.party_id, found.c.currency)


def _missing(default: str = "") -> Iterator[tuple[Any, Any, ColumnElement[bool]]]:
    """Where a party's currencies are found: its column, the currency's, and what lacks a wallet there.

    An order has the parties and the currency of its escrow, so that escrows answer for both.
    """
    sources: tuple[tuple[Any, Any, tuple[Any, ...]], ...] = (
        (Escrow.seller_id, Escrow.currency, ()),
        (Escrow.buyer_id, Escrow.currency, ()),
        (PayoutSchedule.party_id, PayoutSchedule.currency, ()),
        (PayoutDestination.party_id, PayoutDestination.currency, (PayoutDestination.retired_at.is_(None),)),
    )
    for party, currency, conditions in sources:
        lacks = ~_has_wallet(party, currency)
        for condition in conditions:
            lacks &= condition
        yield party, currency, lacks
    yield Party.id, case(currencies(), value=Party.country, else_=default), _is_new()


def _is_new() -> ColumnElement[bool]:
    """The party has no wallet, trades in nothing and is paid out nothing."""
    has_wallet = exists().where(Account.party_id == Party.id, Account.kind == AccountKind.WALLET)
    trades = exists().where(Escrow.seller_id == Party.id), exists().where(Escrow.buyer_id == Party.id)
    planned = exists().where(PayoutSchedule.party_id == Party.id)
    paid = exists().where(PayoutDestination.party_id == Party.id, PayoutDestination.retired_at.is_(None))
    return ~or_(has_wallet, *trades, planned, paid)


def _has_wallet(party: Any, currency: Any) -> ColumnElement[bool]:
    mine = (Account.party_id == party, Account.kind == AccountKind.WALLET, Account.currency == currency)
    return exists().where(*mine)


def _record(session: Session, made: Sequence[int], at: datetime, actor: Actor, run_id: int | None) -> None:
    chosen = one_of(session, Account.id, made)
    details = json_text(is_sqlite(session), {"currency": Account.currency, "account": Account.id})
    records: Rows = select(Account.party_id.label("id"), null().label("before"), details.label("after")).where(chosen)
    trail.record_all(session, actor, "wallet.open", "party", records, len(made), at=at, run_id=run_id)
    events.add_all(session, WalletOpened(), made, at=at)
