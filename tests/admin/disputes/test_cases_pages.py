"""Every page of cases and money answers, and refuses who may not."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

SignIn = Callable[..., FlaskClient]

PAGES = (
    "/disputes",
    "/escrows",
    "/escrows/ageing",
    "/parties",
    "/approvals",
    "/audit",
    "/audit/verify",
    "/search",
    "/search?q=disp",
    "/search?q=²",
    "/audit?q=²",
)


@pytest.mark.parametrize("address", PAGES)
def test_a_page_without_anything_says_what_would_be_there(sign_in: SignIn, address: str) -> None:
    answer = sign_in("viewer").get(address, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    assert "Traceback" not in answer.text
