"""Who people are at the company's identity provider, how each sign-in began, and passwords in an emergency."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    op.create_table(
        "user_identity",
        sa.Column("id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("email", sa.String(200), nullable=False),
        sa.Column("linked_at", INSTANT, nullable=False),
        sa.Column("last_used_at", INSTANT, nullable=True),
        sa.Column("id_token_encrypted", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["desk_user.id"], name=op.f("fk_user_identity_user_id_desk_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_identity")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_user_identity_issuer_subject")),
        sa.UniqueConstraint("user_id", "issuer", name=op.f("uq_user_identity_user_id_issuer")),
    )
    op.add_column("user_session", sa.Column("method", sa.String(40), nullable=True))
    op.add_column("user_session", sa.Column("second_factor", sa.String(40), nullable=True))
    op.add_column("user_session", sa.Column("confirmed_at", INSTANT, nullable=True))
    op.add_column("desk_user", sa.Column("password_open_until", INSTANT, nullable=True))
