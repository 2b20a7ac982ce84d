"""Transfers over the API, on both databases."""

from tests.api.conftest import Api, an_order


def test_a_reversal_needs_an_admin_and_no_token_has_that(api: Api) -> None:
    escrow = an_order(api)["escrow"]
    api.made(f"/api/v1/escrows/{escrow['id']}/release", {"reason": "Fine."})
    release = api.get(f"/api/v1/escrows/{escrow['id']}/transfers").json["data"][-1]
    refused = api.post(f"/api/v1/transfers/{release['id']}/reverse", {"reason": "Wrong."})
    assert refused.status_code == 403
