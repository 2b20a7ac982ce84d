"""What every reading address answers: to nobody, to another scope, of what is not there."""

import pytest

from tests.api.conftest import ON_SQLITE, Api, Caller

READS = (
    "/api/v1/orders",
    "/api/v1/orders/1",
    "/api/v1/escrows",
    "/api/v1/escrows/1",
    "/api/v1/escrows/1/transfers",
    "/api/v1/parties",
    "/api/v1/disputes",
    "/api/v1/approvals",
    "/api/v1/jobs",
    "/api/v1/runs",
    "/api/v1/tokens",
)


@ON_SQLITE
@pytest.mark.parametrize("path", READS)
def test_nobody_reads_without_a_token_and_not_with_another_scope(caller: Caller, path: str) -> None:
    stranger = caller().get(path)
    assert stranger.status_code == 401
    assert stranger.content_type == "application/problem+json"
    other = caller("audit").get(path)
    assert other.status_code == 403
    assert other.json["detail"]


@ON_SQLITE
@pytest.mark.parametrize("path", ["orders", "escrows", "parties", "disputes", "approvals", "runs", "transfers"])
def test_what_is_not_there_is_not_found(api: Api, path: str) -> None:
    assert api.get(f"/api/v1/{path}/987654").status_code == 404
