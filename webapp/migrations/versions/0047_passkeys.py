"""Passkeys of people, and the challenges that they sign."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    op.create_table(
        "passkey",
        sa.Column("id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("credential_id", sa.String(1364), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", BIG, nullable=False),
        sa.Column("transports", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("last_used_at", INSTANT, nullable=True),
        sa.Column("suspended_at", INSTANT, nullable=True),
        sa.CheckConstraint("sign_count >= 0", name=op.f("ck_passkey_sign_count")),
        sa.ForeignKeyConstraint(["user_id"], ["desk_user.id"], name=op.f("fk_passkey_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_passkey_user_id_name")),
    )
    op.create_table(
        "passkey_challenge",
        sa.Column("challenge", sa.String(200), nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("bound_to", sa.String(200), nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("subject_kind", sa.String(40), nullable=True),
        sa.Column("subject_id", BIG, nullable=True),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.CheckConstraint("(subject_kind IS NULL) = (subject_id IS NULL)", name=op.f("ck_passkey_challenge_subject")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["desk_user.id"], name=op.f("fk_passkey_challenge_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("challenge", name=op.f("pk_passkey_challenge")),
        sa.UniqueConstraint("bound_to", "purpose", name=op.f("uq_passkey_challenge_bound_to_purpose")),
    )
    index("ix_passkey_challenge_user_id", "passkey_challenge", ["user_id"])
    index("ix_passkey_challenge_expires_at", "passkey_challenge", ["expires_at"])
