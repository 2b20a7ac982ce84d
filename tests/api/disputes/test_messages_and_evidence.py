"""Lists that are oldest first, page by page, and evidence as it is sent."""

import base64
from typing import Any

import pytest

from tests.api.conftest import ON_SQLITE, Api, a_dispute, an_order
from tests.support.market import AMINA
from webapp import clock
from webapp.runtime import Runtime
from webapp.services.disputes import evidence

PICTURE = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


def paged(api: Api, path: str) -> list[Any]:
    """Every item of the list, two at a time."""
    seen, cursor = [], None
    while True:
        page = api.get(path, limit=2, **({"cursor": cursor} if cursor else {})).json
        assert len(page["data"]) <= 2
        seen += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return seen


@pytest.fixture
def case(api: Api) -> str:
    """The address of an open dispute."""
    return f"/api/v1/disputes/{a_dispute(api, an_order(api)['escrow']['id'])['id']}"


def test_messages_and_evidence_are_paged_oldest_first(api: Api, case: str) -> None:
    said = [f"Message {number}." for number in range(5)]
    for body in said:
        api.made(f"{case}/messages", {"audience": "internal", "body": body})
        api.made(f"{case}/evidence", {"side": "desk", "body": body})
    for path in (f"{case}/messages", f"{case}/evidence"):
        assert [each["body"] for each in paged(api, path)] == said
        assert [each["body"] for each in api.get(path).json["data"]] == said


def test_transfers_of_an_escrow_are_paged_oldest_first(api: Api) -> None:
    escrow = an_order(api)["escrow"]
    path = f"/api/v1/escrows/{escrow['id']}"
    assert api.made(f"{path}/release", {"reason": "Agreed."})["executed"]
    moved = api.get(f"{path}/transfers").json["data"]
    assert [each["kind"] for each in moved] == ["hold", "release"]
    first = api.get(f"{path}/transfers", limit=1).json
    rest = api.get(f"{path}/transfers", limit=1, cursor=first["next_cursor"]).json
    assert first["data"] + rest["data"] == moved
    assert rest["next_cursor"] is None


def test_a_cursor_of_another_kind_of_list_is_refused(api: Api, case: str) -> None:
    api.made(f"{case}/messages", {"audience": "internal", "body": "One."})
    api.made(f"{case}/messages", {"audience": "internal", "body": "Two."})
    forward = api.get(f"{case}/messages", limit=1).json["next_cursor"]
    backward = api.get("/api/v1/parties", limit=1).json["next_cursor"]
    assert api.get("/api/v1/parties", cursor=forward).status_code == 422
    assert api.get(f"{case}/messages", cursor=backward).status_code == 422


@ON_SQLITE
@pytest.mark.parametrize("data", [b"", b"MZ\x90\x00" + b"\x00" * 64, b"\x89PNG\r\n\x1a\n" * 1_400_000])
def test_a_file_that_is_refused_is_named_as_the_caller_named_it(api: Api, case: str, data: bytes) -> None:
    body = {"side": "buyer", "name": "photo.png", "content": base64.b64encode(data).decode()}
    refused = api.post(f"{case}/evidence", body)
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["content"])


def test_a_text_and_a_file_at_once_are_refused(api: Api, case: str) -> None:
    body = {"side": "buyer", "body": "Look.", "content": base64.b64encode(PICTURE).decode()}
    refused = api.post(f"{case}/evidence", body)
    assert (refused.status_code, sorted(refused.json["errors"])) == (422, ["body", "content"])
    assert "not both" in refused.json["detail"]
    assert api.get(f"{case}/evidence").json["data"] == []


def test_evidence_of_another_dispute_is_not_submitted(api: Api, case: str) -> None:
    made = api.made(f"{case}/evidence", {"side": "desk", "body": "Mine."})
    other = a_dispute(api, an_order(api, "o-2")["escrow"]["id"])
    path = f"/api/v1/disputes/{other['id']}/evidence/submit"
    assert api.post(path, {"evidence_id": made["id"]}).status_code == 404


def test_a_file_whose_transaction_is_given_up_is_gone(api: Api, case: str, place: Runtime) -> None:
    def attach(session: Any) -> None:
        evidence.attach_file(
            session,
            int(case.rpartition("/")[2]),
            side="buyer",
            name="photo.png",
            data=PICTURE,
            folder=place.evidence_folder,
            at=clock.now(),
            actor=AMINA,
            settings=place.settings,
        )

    with pytest.raises(RuntimeError), place.db.transaction() as session:
        attach(session)
        assert len(list(place.evidence_folder.iterdir())) == 1
        raise RuntimeError
    assert list(place.evidence_folder.iterdir()) == []
    with place.db.transaction() as session:
        attach(session)
    assert len(list(place.evidence_folder.iterdir())) == 1


TEXTS = {
    "a byte order mark": b"\xef\xbb\xbfHello",
    "what begins as a picture does": b"BM-204 invoice says 3 boxes",
    "GIF8 in words": b"GIF87a is what the seller wrote",
    "a chat of a phone": "[04/01/2026, 10:02:15\u202fPM] Buyer: \u200eimage omitted\r\n".encode(),
    "an emoji of several signs": "👩🏽\u200d🔧 done ✌️".encode(),
    "Persian": "می\u200cخواهم پول\u200fم را پس بگیرم".encode(),
    "no-break spaces": "1\xa0250,00\xa0€\u2009\ufeff".encode(),
    "a form feed": b"page one\fpage two",
    "a sign of a vendor": "\uf8ff phone".encode(),
}


@ON_SQLITE
@pytest.mark.parametrize("data", TEXTS.values(), ids=TEXTS.keys())
def test_texts_of_phones_are_plain_text(api: Api, case: str, data: bytes) -> None:
    body = {"side": "buyer", "name": "chat.txt", "content": base64.b64encode(data).decode()}
    kept = api.made(f"{case}/evidence", body)
    assert (kept["media_type"], kept["name"]) == ("text/plain", "chat.txt")


@ON_SQLITE
@pytest.mark.parametrize("data", [b"a\x00b", b"\x1b[31mred", b"caf\xe9", b"\x80\x81", "text".encode("utf-16")])
def test_what_is_no_text_is_not_taken_for_one(api: Api, case: str, data: bytes) -> None:
    body = {"side": "buyer", "name": "chat.txt", "content": base64.b64encode(data).decode()}
    assert api.post(f"{case}/evidence", body).status_code == 422


@ON_SQLITE
@pytest.mark.parametrize(
    ("name", "data", "kept"),
    [
        ("gnp.exe", PICTURE, "gnp.png"),
        ("photo.png", PICTURE, "photo.png"),
        ("photo.PNG", PICTURE, "photo.PNG"),
        ("photo", PICTURE, "photo.png"),
        ("scan.png.exe", PICTURE, "scan.png"),
        ("photo.\u202egnp.exe", PICTURE, "photo.gnp.png"),
        ("../../etc/cron.d/x.sh", PICTURE, "x.png"),
        ("C:\\temp\\run.bat", b"echo", "run.txt"),
        ("f.html", b"<script>alert(1)</script>", "f.txt"),
        ("notes 12.30", b"said so", "notes 12.30.txt"),
        (".htaccess", b"deny", "htaccess.txt"),
        ("...", PICTURE, "file.png"),
        ("photo.jpeg", b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 32, "photo.jpeg"),
        ("x" * 300 + ".html", b"text", "x" * 140 + ".txt"),
    ],
)
def test_the_extension_follows_the_content(api: Api, case: str, name: str, data: bytes, kept: str) -> None:
    body = {"side": "buyer", "name": name[:200], "content": base64.b64encode(data).decode()}
    assert api.made(f"{case}/evidence", body)["name"] == kept
