"""What is text and of some size comes compressed as the browser asks; all else as it is."""

import gzip
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from webapp.static_files import static_address

BROWSER = "gzip, deflate, br, zstd"


@pytest.fixture
def somebody(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.mark.parametrize("name", ["desk.css", "desk.js", "icons.svg"])
@pytest.mark.parametrize(("asked", "comes"), [(BROWSER, "zstd"), ("gzip, br", "br"), ("gzip", "gzip")])
def test_a_static_file_comes_as_the_browser_asks(somebody: FlaskClient, name: str, asked: str, comes: str) -> None:
    plain = somebody.get(static_address(name))
    answer = somebody.get(static_address(name), headers={"Accept-Encoding": asked})
    assert answer.headers["Content-Encoding"] == comes
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert len(answer.data) < len(plain.data) / 2
    assert "Content-Encoding" not in plain.headers
    if comes == "gzip":
        assert gzip.decompress(answer.data) == plain.data


def test_a_page_and_a_document_come_compressed(sign_in: Callable[[str], FlaskClient]) -> None:
    reader = sign_in("viewer")
    for address in ("/", "/disputes/", "/api/openapi.json"):
        answer = reader.get(address, headers={"Accept-Encoding": "gzip"})
        assert answer.headers["Content-Encoding"] == "gzip", address
        assert len(answer.data) < len(gzip.decompress(answer.data)) / 3


def test_what_is_small_or_no_text_comes_as_it_is(somebody: FlaskClient) -> None:
    for address in ("/livez", static_address("mark.svg")):
        answer = somebody.get(address, headers={"Accept-Encoding": BROWSER})
        assert (answer.status_code, answer.headers.get("Content-Encoding")) == (200, None)
