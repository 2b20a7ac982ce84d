"""Tokens know the person behind them and the token that made them."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, index

revision = "0012"
down_revision = "0011"

_LONGEST_CHAIN = 50
"""Tokens made with tokens made with tokens…"""


def upgrade() -> None:
    with op.batch_alter_table("api_token") as table:
        table.add_column(sa.Column("person_id", BIG, nullable=True))
        table.add_column(sa.Column("parent_id", BIG, nullable=True))
        table.create_foreign_key("fk_api_token_person_id", "desk_user", ["person_id"], ["id"])
        table.create_foreign_key("fk_api_token_parent_id", "api_token", ["parent_id"], ["id"])
    index("ix_api_token_person_id", "api_token", ["person_id", "id"])
    index("ix_api_token_parent_id", "api_token", ["parent_id", "id"])
    _fill()


def _fill() -> None:
    op.execute(_owners("person_id", "user:", "desk_user"))
    op.execute(_owners("parent_id", "token:", "api_token"))
    for _ in range(_LONGEST_CHAIN):
        found = op.get_bind().execute(sa.text(_FROM_PARENT))
        if found.rowcount == 0:
            return


_FROM_PARENT = """
UPDATE api_token SET person_id = (SELECT maker.person_id FROM api_token maker WHERE maker.id = api_token.parent_id)
WHERE person_id IS NULL AND parent_id IN (SELECT id FROM api_token maker WHERE maker.person_id IS NOT NULL)
"""


def _owners(column: str, mark: str, table: str) -> str:
    number = f"CAST(substr(owner, {len(mark) + 1}) AS INTEGER)"
    return (
        f"UPDATE api_token SET {column} = {number} WHERE owner LIKE '{mark}%' "
        f"AND substr(owner, {len(mark) + 1}) IN (SELECT CAST(id AS VARCHAR) FROM {table})"
    )
