"""Accounts, orders, escrows, transfers and their entries."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index, only_on_sqlite, plain_text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _account()
    _purchase_order()
    _payment()
    _escrow()
    _freeze()
    _transfer()
    _entry()
    _daily_figure()


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("id", BIG, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("party_id", BIG, nullable=True),
        sa.Column("owner", sa.String(40), nullable=False, server_default=""),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("balance", BIG, nullable=False, server_default="0"),
        sa.Column("floor", BIG, nullable=True),
        sa.Column("ceiling", BIG, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.CheckConstraint("ceiling IS NULL OR balance <= ceiling", name=op.f("ck_account_ceiling")),
        sa.CheckConstraint("floor IS NULL OR balance >= floor", name=op.f("ck_account_floor")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_account_party_id"),
        sa.UniqueConstraint("id", "currency", name="uq_account_id_currency"),
    )
    index("ix_account_debts", "account", ["party_id"], where="kind = 'receivable'")
    index("uq_account_of_owner", "account", ["kind", "owner", "currency"], unique=True, where="party_id IS NULL")
    index("uq_account_of_party", "account", ["party_id", "kind", "currency"], unique=True, where="party_id IS NOT NULL")


def _purchase_order() -> None:
    op.create_table(
        "purchase_order",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", plain_text(80), nullable=False),
        sa.Column("buyer_id", BIG, nullable=False),
        sa.Column("seller_id", BIG, nullable=False),
        sa.Column("tenant", sa.String(40), nullable=True),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("on_credit", sa.Boolean(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("paid_at", INSTANT, nullable=True),
        sa.Column("completed_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_purchase_order"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_purchase_order_amount")),
        sa.CheckConstraint("buyer_id <> seller_id", name=op.f("ck_purchase_order_two_parties")),
        sa.ForeignKeyConstraint(["buyer_id"], ["party.id"], name="fk_purchase_order_buyer_id"),
        sa.ForeignKeyConstraint(["seller_id"], ["party.id"], name="fk_purchase_order_seller_id"),
        sa.UniqueConstraint("ref", name="uq_purchase_order_ref"),
    )
    index("ix_purchase_order_buyer_id", "purchase_order", ["buyer_id"])
    index("ix_purchase_order_seller_id", "purchase_order", ["seller_id"])
    index("ix_purchase_order_status", "purchase_order", ["status", "id"])


def _payment() -> None:
    op.create_table(
        "payment",
        sa.Column("id", BIG, nullable=False),
        sa.Column("order_id", BIG, nullable=False),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("reference", sa.String(40), nullable=True),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_payment"),
        sa.ForeignKeyConstraint(["order_id"], ["purchase_order.id"], name="fk_payment_order_id"),
        sa.UniqueConstraint("provider", "reference", name="uq_payment_provider_reference"),
    )
    index("ix_payment_order_id", "payment", ["order_id"])


def _escrow() -> None:
    op.create_table(
        "escrow",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", plain_text(80), nullable=False),
        sa.Column("order_id", BIG, nullable=False),
        sa.Column("buyer_id", BIG, nullable=False),
        sa.Column("seller_id", BIG, nullable=False),
        sa.Column("policy", sa.String(40), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("fee", BIG, nullable=False),
        sa.Column("held_account_id", BIG, nullable=True),
        sa.Column("hold_no", BIG, nullable=False),
        sa.Column("freezes", BIG, nullable=False),
        sa.Column("blocked", sa.String(40), nullable=True),
        sa.Column("release_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("held_at", INSTANT, nullable=True),
        sa.Column("left_at", INSTANT, nullable=True),
        sa.Column("left_reason", sa.String(40), nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_escrow"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_escrow_amount")),
        sa.CheckConstraint("fee >= 0 AND fee <= amount", name=op.f("ck_escrow_fee")),
        sa.CheckConstraint("freezes >= 0", name=op.f("ck_escrow_freezes")),
        sa.ForeignKeyConstraint(["buyer_id"], ["party.id"], name="fk_escrow_buyer_id"),
        sa.ForeignKeyConstraint(["held_account_id"], ["account.id"], name="fk_escrow_held_account_id"),
        sa.ForeignKeyConstraint(["order_id"], ["purchase_order.id"], name="fk_escrow_order_id"),
        sa.ForeignKeyConstraint(["seller_id"], ["party.id"], name="fk_escrow_seller_id"),
        sa.UniqueConstraint("order_id", name="uq_escrow_order_id"),
        sa.UniqueConstraint("ref", name="uq_escrow_ref"),
    )
    index("ix_escrow_blocked", "escrow", ["blocked", "id"], where="blocked IS NOT NULL")
    index("ix_escrow_buyer_id", "escrow", ["buyer_id", "id"])
    index("ix_escrow_currency", "escrow", ["currency", "status", "id"])
    index(
        "ix_escrow_due",
        "escrow",
        ["policy", "release_at", "id"],
        where="status = 'held' AND freezes = 0",
        postgresql_include=["currency", "amount"],
    )
    index("ix_escrow_frozen", "escrow", ["id"], where="freezes > 0")
    index("ix_escrow_policy", "escrow", ["policy", "id"], where="policy <> 'deadline'")
    index("ix_escrow_seller_id", "escrow", ["seller_id", "id"])
    index("ix_escrow_status", "escrow", ["status", "id"])


def _freeze() -> None:
    op.create_table(
        "freeze",
        sa.Column("id", BIG, nullable=False),
        sa.Column("escrow_id", BIG, nullable=False),
        sa.Column("cause", sa.String(40), nullable=False),
        sa.Column("cause_id", BIG, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("by_name", sa.String(200), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("lifted_at", INSTANT, nullable=True),
        sa.Column("lifted_by", sa.String(40), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_freeze"),
        sa.ForeignKeyConstraint(["escrow_id"], ["escrow.id"], name="fk_freeze_escrow_id"),
    )
    index("uq_freeze_cause", "freeze", ["escrow_id", "cause", "cause_id"], unique=True, where="lifted_at IS NULL")


def _transfer() -> None:
    op.create_table(
        "transfer",
        sa.Column("id", BIG, nullable=False),
        sa.Column("reference", plain_text(80), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("escrow_id", BIG, nullable=True),
        sa.Column("hold_no", BIG, nullable=True),
        sa.Column("leaves", sa.Boolean(), nullable=False),
        sa.Column("reverses_id", BIG, nullable=True),
        sa.Column("run_id", BIG, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_transfer"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfer_amount")),
        sa.CheckConstraint(
            "NOT leaves OR (escrow_id IS NOT NULL AND hold_no IS NOT NULL)", name=op.f("ck_transfer_leaves")
        ),
        *only_on_sqlite(sa.ForeignKeyConstraint(["escrow_id"], ["escrow.id"], name="fk_transfer_escrow_id")),
        *only_on_sqlite(sa.ForeignKeyConstraint(["reverses_id"], ["transfer.id"], name="fk_transfer_reverses_id")),
        *only_on_sqlite(sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_transfer_run_id")),
        sa.UniqueConstraint("reference", name="uq_transfer_reference"),
    )
    index("ix_transfer_escrow_id", "transfer", ["escrow_id", "id"], where="escrow_id IS NOT NULL")
    index("ix_transfer_run_id", "transfer", ["run_id", "id"], where="run_id IS NOT NULL")
    index("uq_transfer_leaves_once", "transfer", ["escrow_id", "hold_no"], unique=True, where="leaves")
    index("uq_transfer_reverses_id", "transfer", ["reverses_id"], unique=True, where="reverses_id IS NOT NULL")


def _entry() -> None:
    op.create_table(
        "entry",
        sa.Column("id", BIG, nullable=False),
        sa.Column("transfer_id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_entry"),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_entry_amount")),
        *only_on_sqlite(
            sa.ForeignKeyConstraint(
                ["account_id", "currency"], ["account.id", "account.currency"], name="fk_entry_account_id"
            )
        ),
        *only_on_sqlite(
            sa.ForeignKeyConstraint(
                ["transfer_id"], ["transfer.id"], name="fk_entry_transfer_id", deferrable=True, initially="DEFERRED"
            )
        ),
    )
    index("ix_entry_account_id", "entry", ["account_id", "id"])
    index("ix_entry_transfer_id", "entry", ["transfer_id"])


def _daily_figure() -> None:
    op.create_table(
        "daily_figure",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("held", BIG, nullable=False),
        sa.Column("released", BIG, nullable=False),
        sa.Column("refunded", BIG, nullable=False),
        sa.PrimaryKeyConstraint("day", "currency", name="pk_daily_figure"),
    )
