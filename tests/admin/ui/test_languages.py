"""Pages speak the language of their reader: the one of their profile, else the browser's."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale

from tests.support.paths import ROOT
from tests.support.people import send
from webapp.admin.ui.dates import dated
from webapp.admin.ui.formatting import number
from webapp.domain.localized_dates import DateFormat
from webapp.runtime import Runtime

SignIn = Callable[..., FlaskClient]
AT = datetime(2026, 3, 5, 7, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "title"),
    [("fr-FR,fr;q=0.9,en;q=0.5", "Litiges"), ("pt-MZ", "Disputas"), ("sw", "Migogoro"), ("de", "Disputes")],
)
def test_a_page_speaks_the_browsers_language(sign_in: SignIn, asked: str, title: str) -> None:
    page = sign_in("admin").get("/disputes/", headers={"Accept-Language": asked}).text
    assert f"<h1>{title}</h1>" in page


def test_the_profile_goes_before_the_browser_and_is_on_record(sign_in: SignIn, desk: Runtime) -> None:
    browser = sign_in("admin")
    french = {"Accept-Language": "fr"}
    said = send(browser, "/profile/language", page="/profile", language="pt")
    assert said.status_code == 303
    assert 'lang="pt"' in browser.get("/", headers=french).text
    send(browser, "/profile/language", page="/profile", language="")
    assert 'lang="fr"' in browser.get("/", headers=french).text


def test_a_language_that_the_desk_does_not_speak_is_refused_at_its_field(sign_in: SignIn) -> None:
    answer = send(sign_in("admin"), "/profile/language", page="/profile", language="tlh")
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("language", "form", "expected"),
    [
        ("en", DateFormat.EXACT, "Thu 05 Mar 2026, 07:08:09"),
        ("en", DateFormat.DAY, "05 Mar"),
        ("fr", DateFormat.EXACT, "jeu. 5 mars 2026, 07:08:09"),
        ("pt", DateFormat.MINUTE, "5 de março de 2026, 07:08"),
        ("sw", DateFormat.SHORT, "5 Mac, 07:08"),
        ("fr", DateFormat.DATE, "5 mars 2026"),
    ],
)
def test_dates_are_in_the_order_of_the_language(app: Flask, language: str, form: DateFormat, expected: str) -> None:
    with app.test_request_context(), force_locale(language):
        assert dated(AT, form) == expected
        assert dated(date(2026, 3, 5), DateFormat.DATE).endswith("2026")


@pytest.mark.parametrize(
    ("language", "expected"), [("en", "1,986"), ("fr", "1\u202f986"), ("pt", "1.986"), ("sw", "1,986")]
)
def test_numbers_are_set_apart_as_the_language_does(app: Flask, language: str, expected: str) -> None:
    with app.test_request_context(), force_locale(language):
        assert number(1986) == expected


def test_no_page_sets_numbers_apart_by_itself() -> None:
    files = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "webapp" / "admin").rglob("*.py")]
    assert [str(file) for file in files if ":,}" in file.read_text()] == [], "number() does it in the reader's language"
