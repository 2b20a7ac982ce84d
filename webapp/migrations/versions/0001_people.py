"""The first tables: people, parties, and what every deed leaves behind."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index, plain_text

revision = "0001"
down_revision = None


def upgrade() -> None:
    _desk_role()
    _desk_user()
    _user_roles()
    _user_session()
    _sign_in_strike()
    _api_token()
    _saved_view()
    _party()
    _auto_deduct()
    _audit_head()
    _audit_seal()
    _audit()
    _event()
    _idempotency()
    _stored_setting()
    _spending()


def _desk_role() -> None:
    op.create_table(
        "desk_role",
        sa.Column("id", BIG, nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_desk_role"),
        sa.UniqueConstraint("name", name="uq_desk_role_name"),
    )


def _desk_user() -> None:
    op.create_table(
        "desk_user",
        sa.Column("id", BIG, nullable=False),
        sa.Column("email", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("password", sa.String(200), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("zone", sa.String(40), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("totp_secret", sa.Text(), nullable=True),
        sa.Column("totp_counter", BIG, nullable=True),
        sa.Column("recovery_codes", sa.Text(), nullable=True),
        sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("demo", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.PrimaryKeyConstraint("id", name="pk_desk_user"),
        sa.UniqueConstraint("email", name="uq_desk_user_email"),
    )


def _user_roles() -> None:
    op.create_table(
        "user_roles",
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("role_id", BIG, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "role_id", name="pk_user_roles"),
        sa.ForeignKeyConstraint(["role_id"], ["desk_role.id"], name="fk_user_roles_role_id"),
        sa.ForeignKeyConstraint(["user_id"], ["desk_user.id"], name="fk_user_roles_user_id", ondelete="CASCADE"),
    )


def _user_session() -> None:
    op.create_table(
        "user_session",
        sa.Column("id", BIG, nullable=False),
        sa.Column("token_hash", sa.String(200), nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("origin", sa.String(200), nullable=True),
        sa.Column("agent", sa.String(200), nullable=True),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_user_session"),
        sa.ForeignKeyConstraint(["user_id"], ["desk_user.id"], name="fk_user_session_user_id", ondelete="CASCADE"),
        sa.UniqueConstraint("token_hash", name="uq_user_session_token_hash"),
    )
    index("ix_user_session_user_id", "user_session", ["user_id", "id"])


def _sign_in_strike() -> None:
    op.create_table(
        "sign_in_strike",
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("failures", BIG, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_sign_in_strike"),
    )
    index("ix_sign_in_strike_since", "sign_in_strike", ["since"])


def _api_token() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", BIG, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("hash", sa.String(200), nullable=False),
        sa.Column("prefix", sa.String(40), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("last_used_at", INSTANT, nullable=True),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("hash", name="uq_api_token_hash"),
    )


def _saved_view() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("screen", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_view"),
        sa.ForeignKeyConstraint(["user_id"], ["desk_user.id"], name="fk_saved_view_user_id"),
        sa.UniqueConstraint("user_id", "screen", "name", name="uq_saved_view_user_id_screen_name"),
    )


def _party() -> None:
    op.create_table(
        "party",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", plain_text(80), nullable=False),
        sa.Column("name", plain_text(200), nullable=False),
        sa.Column("email", sa.String(200), nullable=True),
        sa.Column("phone", sa.String(200), nullable=True),
        sa.Column("verified_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.PrimaryKeyConstraint("id", name="pk_party"),
        sa.UniqueConstraint("ref", name="uq_party_ref"),
    )
    index("ix_party_name", "party", ["name", "id"])


def _auto_deduct() -> None:
    op.create_table(
        "auto_deduct",
        sa.Column("id", BIG, nullable=False),
        sa.Column("party_id", BIG, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("percent", BIG, nullable=False),
        sa.Column("daily_max", BIG, nullable=True),
        sa.Column("minimum_balance", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_auto_deduct"),
        sa.CheckConstraint("daily_max IS NULL OR daily_max > 0", name=op.f("ck_auto_deduct_daily_max")),
        sa.CheckConstraint("minimum_balance >= 0", name=op.f("ck_auto_deduct_minimum_balance")),
        sa.CheckConstraint("percent BETWEEN 1 AND 100", name=op.f("ck_auto_deduct_percent")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_auto_deduct_party_id"),
        sa.UniqueConstraint("party_id", "currency", name="uq_auto_deduct_party_id_currency"),
    )
    index("ix_auto_deduct_enabled", "auto_deduct", ["id"], where="enabled")


def _audit_head() -> None:
    op.create_table(
        "audit_head",
        sa.Column("chain", sa.String(40), nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("hash", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("chain", name="pk_audit_head"),
    )


def _audit_seal() -> None:
    op.create_table(
        "audit_seal",
        sa.Column("chain", sa.String(40), nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("batch", BIG, nullable=False),
        sa.Column("rows", BIG, nullable=False),
        sa.Column("digest", sa.String(200), nullable=False),
        sa.Column("previous", sa.String(200), nullable=False),
        sa.Column("hash", sa.String(200), nullable=False),
        sa.Column("key_id", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("chain", "seq", name="pk_audit_seal"),
        sa.UniqueConstraint("batch", name="uq_audit_seal_batch"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", BIG, nullable=False),
        sa.Column("batch", BIG, nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.String(40), nullable=False),
        sa.Column("actor_name", sa.String(200), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject_kind", sa.String(40), nullable=False),
        sa.Column("subject_id", BIG, nullable=False),
        sa.Column("run_id", BIG, nullable=True),
        sa.Column("request_id", sa.String(40), nullable=True),
        sa.Column("origin", sa.String(200), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sa.UniqueConstraint("batch", "pos", name="uq_audit_batch_pos"),
    )
    index("ix_audit_action", "audit", ["action", "id"])
    index("ix_audit_actor", "audit", ["actor", "id"])
    index("ix_audit_at", "audit", ["at"], postgresql_using="brin")
    index("ix_audit_subject", "audit", ["subject_kind", "subject_id", "id"])


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("id", BIG, nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("subject_kind", sa.String(40), nullable=False),
        sa.Column("subject_id", BIG, nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
    )
    index("ix_event_unsent", "event", ["id"], where="sent_at IS NULL")


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("actor", sa.String(40), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("request_hash", sa.String(200), nullable=False),
        sa.Column("status", BIG, nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name="pk_idempotency"),
    )
    index("ix_idempotency_at", "idempotency", ["at"])


def _stored_setting() -> None:
    op.create_table(
        "stored_setting",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_stored_setting"),
    )


def _spending() -> None:
    op.create_table(
        "spending",
        sa.Column("actor", sa.String(40), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.PrimaryKeyConstraint("actor", "day", "currency", name="pk_spending"),
    )
