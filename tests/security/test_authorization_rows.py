"""Each address has a row in the authorization matrix; what the row says is asked in `test_authorization_matrix.py`."""

from flask import Flask

from tests.support.authorization import page, routes


def test_each_address_has_a_row_and_each_row_an_address(app: Flask) -> None:
    assert page.rows() ^ routes.addresses(app) == set(), f"Run: {page.COMMAND}"
