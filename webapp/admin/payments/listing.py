"""The lists of payments, by the question that is asked of them."""

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from webapp.admin.ui.lists.amounts import amount_from, amount_to, by_amount, currency
from webapp.admin.ui.lists.columns import Column, Filter
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.lists.provider_filter import provider
from webapp.admin.ui.lists.tabbed_screen import Tabs
from webapp.domain.states import LOST_CHARGEBACKS, ChargebackStatus
from webapp.models import Chargeback, Escrow, Order, Party, Payment
from webapp.services.payments.search import matching, of_party
from webapp.services.read_models.list_tabs import PAYMENTS

_LABELS = {
    "pending": _l("Pending"),
    "review": _l("In review"),
    "succeeded": _l("Succeeded"),
    "failed": _l("Failed"),
    "expired": _l("Expired"),
    "all": _l("All"),
}
TABS: Tabs = {name: (label, PAYMENTS[name]) for name, label in _LABELS.items()}
_ORDER = select(Order.ref).where(Order.id == Payment.order_id).scalar_subquery()
_ESCROW = select(Escrow.id).where(Escrow.order_id == Payment.order_id).scalar_subquery()
_BUYER = select(Order.buyer_id).where(Order.id == Payment.order_id).scalar_subquery()
_NAME = select(Party.name).join(Order, Order.buyer_id == Party.id).where(Order.id == Payment.order_id).scalar_subquery()
_MATTERS = (ChargebackStatus.OPEN, *LOST_CHARGEBACKS)
_MINE = (Chargeback.payment_id == Payment.id, Chargeback.status.in_(_MATTERS))
_CHARGED_BACK = select(func.sum(Chargeback.amount)).where(*_MINE).scalar_subquery()

LISTING = Listing(
    key=Payment.id,
    columns=(
        Column("id", _l("Number"), Payment.id, shown=False),
        Column(
            "reference",
            _l("Reference"),
            func.coalesce(Payment.reference, "–"),
            kind="ref",
            link=lambda row: url_for("payments.one", payment_id=row.id),
        ),
        Column("order", _l("Order"), _ORDER, link=lambda row: url_for("escrows.one", escrow_id=row.escrow_id)),
        Column("escrow_id", "", _ESCROW, shown=False, exported=False),
        Column("buyer", _l("Buyer"), _NAME, link=lambda row: url_for("parties.one", party_id=row.buyer_id)),
        Column("buyer_id", "", _BUYER, shown=False, exported=False),
        Column("provider", _l("Provider"), Payment.provider),
        by_amount(Payment.amount, Payment.currency),
        Column("currency", _l("Currency"), Payment.currency, shown=False),
        Column("status", _l("Status"), Payment.status, kind="badge"),
        Column("charged_back", _l("Chargeback"), _CHARGED_BACK, kind="money", sparse=True),
        Column("created_at", _l("Age"), Payment.created_at, kind="when", sort=Payment.id),
        Column("next_check_at", _l("Next look"), Payment.next_check_at, kind="when", sparse=True),
        Column("status_detail", _l("Last word"), Payment.status_detail, kind="word"),
    ),
    filters=(
        provider(Payment.provider),
        currency("currency", _l("Currency"), Payment.currency),
        amount_from("from", _l("Amount from"), Payment.amount, Payment.currency),
        amount_to("to", _l("Amount to"), Payment.amount, Payment.currency),
        Filter("party", _l("Party"), of_party, kind="party"),
    ),
    search=matching,
    search_hint=_l("Payment's reference, order or party"),
)
