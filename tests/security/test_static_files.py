"""Static files are asked for once: their names tell their content, and a browser keeps them for a year."""

import os
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from webapp import static_files
from webapp.project_folders import STATIC, TEMPLATES
from webapp.static_files import static_address

YEAR = "public, max-age=31536000, immutable"


@pytest.fixture
def somebody(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.mark.parametrize("name", sorted(file.name for file in STATIC.iterdir()))
def test_a_file_under_the_name_of_its_content_is_kept_for_a_year(somebody: FlaskClient, name: str) -> None:
    answer = somebody.get(static_address(name))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, YEAR)
    assert answer.data == (STATIC / name).read_bytes()


@pytest.mark.parametrize("address", ["/static/desk.css", "/static/desk.000000000000.css"])
def test_under_any_other_name_it_is_asked_for_again(somebody: FlaskClient, address: str) -> None:
    answer = somebody.get(address)
    assert answer.data == (STATIC / "desk.css").read_bytes()
    assert "max-age" not in answer.headers["Cache-Control"]
    again = somebody.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_name_without_a_file_is_not_found(somebody: FlaskClient) -> None:
    assert {somebody.get(f"/static/{name}").status_code for name in ("no.css", "no.000000000000.css")} == {404}


def test_a_changed_file_has_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static_files, "STATIC", tmp_path)
    file = tmp_path / "desk.css"
    file.write_text("one")
    first = static_address("desk.css")
    file.write_text("two")
    os.utime(file, (1, 1))
    assert re.fullmatch(r"/static/desk\.[0-9a-f]{12}\.css", first)
    assert static_address("desk.css") != first


def test_every_page_names_static_files_by_their_content() -> None:
    named = re.compile(r"url_for\('static'|[\"'(]/static/")
    found = [str(file) for file in TEMPLATES.rglob("*.html") if named.search(file.read_text())]
    assert found == []
