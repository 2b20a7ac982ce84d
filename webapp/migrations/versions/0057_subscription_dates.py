"""Subscriptions in the order of their dates, whatever their status."""

from webapp.migrations.columns import index

revision = "0057"
down_revision = "0056"


def upgrade() -> None:
    index("ix_subscription_expire_date", "subscription", ["expire_date", "id"])
