"""What hangs on a party: the ids of its orders, escrows, disputes and payments, as parts of statements."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from webapp.models import (
    Account,
    Approval,
    Chargeback,
    Dispute,
    Escrow,
    Freeze,
    Order,
    Payment,
    Payout,
    PayoutDestination,
    PayoutSchedule,
    Refund,
)


@dataclass(frozen=True)
class LinkedRows:
    """The rows of one party; each answer is a SELECT of ids."""

    party_id: int

    @cached_property
    def orders(self) -> Any:
        """Orders that it bought or sold."""
        return select(Order.id).where(or_(Order.buyer_id == self.party_id, Order.seller_id == self.party_id))

    @cached_property
    def escrows(self) -> Any:
        """Escrows of these."""
        return select(Escrow.id).where(or_(Escrow.buyer_id == self.party_id, Escrow.seller_id == self.party_id))

    @cached_property
    def disputes(self) -> Any:
        """Disputes about these."""
        return select(Dispute.id).where(Dispute.escrow_id.in_(self.escrows))

    @cached_property
    def payments(self) -> Any:
        """Payments of its orders, whoever paid."""
        return select(Payment.id).where(Payment.order_id.in_(self.orders))

    @cached_property
    def refunds(self) -> Any:
        """Refunds of these, and to it."""
        return select(Refund.id).where(or_(Refund.party_id == self.party_id, Refund.payment_id.in_(self.payments)))

    @cached_property
    def chargebacks(self) -> Any:
        """Chargebacks of its payments."""
        return select(Chargeback.id).where(Chargeback.payment_id.in_(self.payments))

    @cached_property
    def payouts(self) -> Any:
        """Payouts to it."""
        return select(Payout.id).where(Payout.party_id == self.party_id)

    @cached_property
    def schedules(self) -> Any:
        """Schedules of payouts to it."""
        return select(PayoutSchedule.id).where(PayoutSchedule.party_id == self.party_id)

    @cached_property
    def destinations(self) -> Any:
        """Where it is or was paid to."""
        return select(PayoutDestination.id).where(PayoutDestination.party_id == self.party_id)

    @cached_property
    def accounts(self) -> Any:
        """Its accounts in the ledger."""
        return select(Account.id).where(Account.party_id == self.party_id)

    @cached_property
    def freezes(self) -> Any:
        """Freezes of its escrows."""
        return select(Freeze.id).where(Freeze.escrow_id.in_(self.escrows))

    @cached_property
    def approvals(self) -> Any:
        """Proposals about any of these."""
        mine = self._is_one_of(self._money_and_cases, Approval.subject_kind, Approval.subject_id)
        return select(Approval.id).where(or_(Approval.escrow_id.in_(self.escrows), mine))

    def is_subject(self, kind: Any, key: Any) -> ColumnElement[bool]:
        """Whether a row that names its subject by kind and id is about the party or any of these."""
        return self._is_one_of(self._money_and_cases | {"approval": self.approvals}, kind, key)

    def _is_one_of(self, by_kind: dict[str, Any], kind: Any, key: Any) -> ColumnElement[bool]:
        ways = (and_(kind == name, key.in_(ids)) for name, ids in by_kind.items())
        return or_(and_(kind == "party", key == self.party_id), *ways)

    def is_its_side(self, dispute: Any, side: Any) -> ColumnElement[bool]:
        """Whether a row of a dispute is of the side that the party is on."""
        return or_(
            and_(side == "buyer", dispute.in_(_disputes_where(Escrow.buyer_id == self.party_id))),
            and_(side == "seller", dispute.in_(_disputes_where(Escrow.seller_id == self.party_id))),
        )

    @property
    def _money_and_cases(self) -> dict[str, Any]:
        """By the word that audit records, events and messages have for their subject."""
        return {
            "order": self.orders,
            "escrow": self.escrows,
            "dispute": self.disputes,
            "payment": self.payments,
            "refund": self.refunds,
            "chargeback": self.chargebacks,
            "payout": self.payouts,
            "payout_schedule": self.schedules,
            "payout_destination": self.destinations,
            "freeze": self.freezes,
        }


def _disputes_where(condition: ColumnElement[bool]) -> Any:
    return select(Dispute.id).join(Escrow, Escrow.id == Dispute.escrow_id).where(condition)
