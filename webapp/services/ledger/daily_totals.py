"""Daily figures for the charts, moved once per transaction by what it posted."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from webapp.domain.states import TransferKind
from webapp.models import DailyFigure
from webapp.sql import insert_new

_FIGURE = {
    TransferKind.HOLD: "held",
    TransferKind.CREDIT: "held",
    TransferKind.PENDING_EARNING: "held",
    TransferKind.RELEASE: "released",
    TransferKind.EARNING: "released",
    TransferKind.REFUND: "refunded",
}


def note_figures(session: Session, kind: TransferKind, amounts: dict[str, int], at: datetime) -> None:
    """Remember what was posted, per UTC day and currency, until the transaction settles."""
    figure = _FIGURE.get(kind)
    if figure:
        for currency, amount in amounts.items():
            note_figure(session, figure, currency, amount, at)


def note_figure(session: Session, figure: str, currency: str, amount: int, at: datetime) -> None:
    """Remember one change of `held`, `released` or `refunded`; a split and a reversal say their parts with this."""
    waiting = session.info.setdefault("figures", {})
    key = (at.astimezone(UTC).date(), currency)
    day = waiting.setdefault(key, {"held": 0, "released": 0, "refunded": 0})
    day[figure] += amount


def settle_figures(session: Session) -> None:
    """Add what was remembered to the rows of its days."""
    for (day, currency), moved in sorted(session.info.pop("figures", {}).items()):
        table = DailyFigure.__table__.c
        added = {name: table[name] + amount for name, amount in moved.items() if amount}
        if added:  # What is taken back and given the same way again, in one transaction, leaves nothing to add.
            row = insert_new(session, DailyFigure).values(day=day, currency=currency, **moved)
            session.execute(row.on_conflict_do_update(index_elements=["day", "currency"], set_=added))
