"""A list that is exported leaves nothing open, whether or not a test reads it."""

from collections.abc import Callable

from flask import has_request_context
from flask.testing import FlaskClient


def test_an_export_that_nobody_reads_leaves_no_request_open(sign_in: Callable[..., FlaskClient]) -> None:
    answer = sign_in("viewer").get("/escrows/export.csv")
    assert not has_request_context()
    assert answer.status_code == 200
