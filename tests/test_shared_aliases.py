"""Aliases that threads share know their columns before any thread asks for one."""

import ast

import pytest
from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.base import WriteableColumnCollection

from tests.support.paths import ROOT
from webapp.models import Account
from webapp.sql import shared_alias


class Asked(Exception):
    """The index of an alias was to be filled."""


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on no index may be filled, as by a thread that another one is ahead of."""

    def refuse(_columns: object) -> None:
        raise Asked

    monkeypatch.setattr(WriteableColumnCollection, "_init_proxy_index", refuse)


def test_a_shared_alias_has_its_index_when_it_is_made(request: pytest.FixtureRequest) -> None:
    shared, plain = shared_alias(Account, "shared"), aliased(Account, name="plain")
    request.getfixturevalue("full")
    assert str(select(shared.balance)).startswith("SELECT shared.balance")
    with pytest.raises(Asked):
        str(select(plain.balance))


def test_a_module_makes_none_of_its_own() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{statement.lineno}"
        for file in sorted((ROOT / "webapp").rglob("*.py"))
        for statement in ast.parse(file.read_text()).body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("aliased", "orm.aliased")
    ]
    assert found == [], "threads share it: use shared_alias of webapp.sql"
