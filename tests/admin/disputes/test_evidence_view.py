"""Evidence is seen large in the desk's own pages, and nothing in it is ever run."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.market import AMINA, Market
from webapp import clock
from webapp.models import Dispute
from webapp.runtime import Runtime
from webapp.services.disputes import evidence

SignIn = Callable[..., FlaskClient]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
PDF = b"%PDF-1.7\n" + b"\0" * 32
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 32
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'
HTML = b"<!DOCTYPE html><script>alert(3)</script>"


def office(folder: str) -> bytes:
    """A document of Office Open XML, as its programs write one."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr("_rels/.rels", "<Relationships/>")
        file.writestr("docProps/app.xml", "<Properties/>")
        file.writestr(f"{folder}/document.xml", "<document/>")
    return kept.getvalue()


@pytest.fixture
def case(desk: Runtime) -> Dispute:
    with desk.db.transaction() as session:
        return Market(session, desk, at=clock.now()).dispute()


@pytest.fixture
def attach(desk: Runtime, case: Dispute) -> Callable[..., str]:
    """Attach a file; its address without what is asked of it."""

    def attached(name: str, data: bytes, dispute: Dispute = case) -> str:
        how: dict[str, Any] = {"folder": desk.settings.var_dir / "evidence", "settings": desk.settings}
        with desk.db.transaction() as session:
            row = evidence.attach_file(
                session, dispute.id, side="buyer", name=name, data=data, at=clock.now(), actor=AMINA, **how
            )
            return f"/disputes/{dispute.id}/evidence/{row.id}"

    return attached


def test_a_picture_is_seen_large_and_another_beside_it(attach: Callable[..., str], sign_in: SignIn) -> None:
    first, second = attach("photo.png", PNG), attach("other.png", PNG)
    viewer = sign_in("viewer")
    alone = viewer.get(f"{first}/view").text
    assert f'<img src="{first}"' in alone
    assert f'<img src="{second}"' not in alone
    both = viewer.get(f"{first}/view?beside={second.rsplit('/', 1)[1]}").text
    assert f'<img src="{first}"' in both
    assert f'<img src="{second}"' in both
    assert f'href="{second}/view"' in alone


def test_a_pdf_is_in_a_frame_that_only_the_desk_may_have_and_that_loads_nothing(
    attach: Callable[..., str], sign_in: SignIn, case: Dispute
) -> None:
    pdf, picture = attach("waybill.pdf", PDF), attach("photo.png", PNG)
    viewer = sign_in("viewer")
    assert f'<iframe src="{pdf}/frame"' in viewer.get(f"{pdf}/view").text
    answer = viewer.get(f"{pdf}/frame")
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; object-src 'self'; frame-ancestors 'self'"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert viewer.get(f"{picture}/frame").status_code == 404
    for page, may in ((f"{pdf}/view", True), (f"/disputes/{case.id}", True), ("/disputes", False), ("/", False)):
        assert ("frame-src 'self'" in viewer.get(page).headers["Content-Security-Policy"]) is may, page


@pytest.mark.parametrize(("name", "data"), [("photo.png", SVG), ("photo.jpg", HTML), ("waybill.pdf", HTML)])
def test_what_is_dressed_as_a_picture_is_text_and_is_shown_as_text(
    attach: Callable[..., str], sign_in: SignIn, name: str, data: bytes
) -> None:
    where = attach(name, data)
    viewer = sign_in("viewer")
    page = viewer.get(f"{where}/view").text
    assert "&lt;script&gt;alert(" in page
    assert "<script>alert(" not in page
    assert f'<img src="{where}"' not in page
    assert "<iframe" not in page
    answer = viewer.get(where)
    assert answer.mimetype == "text/plain"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert viewer.get(f"{where}/frame").status_code == 404


@pytest.mark.parametrize(
    ("name", "data", "kept_as"),
    [
        ("IMG_1.HEIC", HEIC, "IMG_1.HEIC"),
        ("contract.docx", office("word"), "contract.docx"),
        ("sums.pdf", office("xl"), "sums.xlsx"),
    ],
)
def test_what_no_browser_shows_is_kept_as_a_download_and_says_so(
    attach: Callable[..., str], sign_in: SignIn, name: str, data: bytes, kept_as: str
) -> None:
    where = attach(name, data)
    viewer = sign_in("viewer")
    page = viewer.get(f"{where}/view").text
    assert "it is kept as a download" in page
    assert "<img" not in page.split("<main")[1]
    answer = viewer.get(where)
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={kept_as}"
    assert answer.data == data


def test_what_is_of_another_case_is_not_there(
    desk: Runtime, attach: Callable[..., str], sign_in: SignIn, case: Dispute
) -> None:
    with desk.db.transaction() as session:
        other = Market(session, desk, at=clock.now()).dispute()
    mine, theirs = attach("mine.pdf", PDF), attach("theirs.pdf", PDF, other)
    number = theirs.rsplit("/", 1)[1]
    viewer = sign_in("viewer")
    for way in ("", "/view", "/frame"):
        assert viewer.get(f"/disputes/{case.id}/evidence/{number}{way}").status_code == 404
    for odd in (number, "x", "-1", "9" * 40):
        page = viewer.get(f"{mine}/view?beside={odd}")
        assert page.status_code == 200
        assert "theirs.pdf" not in page.text
