"""Files and their names from anybody: of an accepted kind, under a name that can be shown, or refused."""

import hypothesis.strategies as st
from hypothesis import example, given

from tests.fuzz.bounded import BLOWN_UP, IN_TIME, TEXTS, fuzzed, raises_only, repeated
from webapp.errors import Invalid
from webapp.services.disputes import evidence
from webapp.services.disputes.evidence import ACCEPTED

STARTS = [
    b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF",
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00acTL",
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01",
    b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00",
    b"PK\x03\x04\x14\x00\x06\x00mimetypeapplication/epub+zip[Content_Types].xml",
    b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"MZ\x90\x00\x7fELF",
    b"<!DOCTYPE html><script>alert(1)</script>",
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    b"\x1aE\xdf\xa3\x93\x42\x82\x88",
    b"ustar\x00\x1f\x8b\x08BZh91",
]
CONTENTS = st.tuples(st.sampled_from(STARTS), st.integers(0, 60), st.binary(max_size=60)).map(
    lambda made: made[0][: made[1]] + made[2]
)


@fuzzed(250)
@given(data=CONTENTS | st.binary(max_size=300) | TEXTS.map(str.encode))
@example(data=b"")
@example(data=b"\xff\xfe\xff")
@example(data=b"RIFF")
def test_any_content_is_of_one_accepted_kind_or_refused_in_words(data: bytes) -> None:
    kind = raises_only(Invalid, evidence._checked, data, 1)
    if kind == "text/plain":
        assert not {sign for sign in data.decode("utf-8") if sign < " "} - set("\t\n\v\f\r")
    if kind is not None:
        assert kind in ACCEPTED
        assert data


@IN_TIME
@fuzzed(3)
@given(data=repeated(st.sampled_from(STARTS) | st.binary(min_size=1, max_size=3)))
@example(data=STARTS[5] * (BLOWN_UP // len(STARTS[5])))
def test_the_work_of_telling_a_kind_is_bounded(data: bytes) -> None:
    raises_only(Invalid, evidence._checked, data, 1)


def test_what_runs_in_a_browser_is_a_text_or_refused() -> None:
    """It is sent as a text, as an attachment, and nosniff."""
    for data in STARTS[9:11]:
        assert evidence._checked(data, 1) == "text/plain"


@fuzzed(200)
@given(
    name=TEXTS | st.text(max_size=400) | st.text(st.characters(categories=["Cs", "Cf", "Lu"]), max_size=9),
    extension=st.sampled_from(sorted(ACCEPTED.values())),
)
@example(name="../../etc/passwd", extension=".txt")
@example(name="a\u202egnp.exe", extension=".png")
@example(name=".", extension=".pdf")
@example(name="C:\\x\\y.pdf\x00.exe", extension=".pdf")
@example(name="x" * 300 + ".JPEG", extension=".jpg")
def test_any_name_can_be_shown_and_says_what_the_content_is(name: str, extension: str) -> None:
    made = evidence._plain_name(name, extension)
    assert made.isprintable()
    assert 0 < len(made) <= 160
    assert not {"/", "\\", "\x00"} & set(made)
    assert not made.startswith(".")
    assert f".{made.rpartition('.')[2].lower()}" in (extension, ".jpeg", ".jpe")
    made.encode()
    assert evidence._plain_name(made, extension) == made
