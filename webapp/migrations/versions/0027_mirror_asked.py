"""Which account a balance of the external ledger stands for is asked by the balance, too."""

from webapp.migrations.columns import index

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    index("ix_mirror_account_balance_id", "mirror_account", ["balance_id"])
