"""Carts that nobody came back to, and what lost its order or product."""

from webapp.domain.words import phrase
from webapp.models import CartItem, OrderLine
from webapp.services.retention.registry import RetentionKind, declare

declare(
    RetentionKind(
        "carts",
        phrase("Cart items that nobody came back to"),
        CartItem,
        "CART_RETENTION_DAYS",
        lambda before: CartItem.updated_at < before,
        order=10,
        archived=False,
        walk=(CartItem.updated_at, CartItem.id),
    )
)
declare(
    RetentionKind(
        "carts_without_product",
        phrase("Cart items whose product is gone"),
        CartItem,
        "",
        lambda before: CartItem.product_id.is_(None),
        order=20,
        archived=False,
    )
)
declare(
    RetentionKind(
        "lines_without_order",
        phrase("Order lines whose order is gone"),
        OrderLine,
        "",
        lambda before: OrderLine.order_id.is_(None),
    )
)
