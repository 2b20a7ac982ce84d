"""Addresses, queries, cursors, headers and cookies as strangers make them: never a broken page."""

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.bounded import TEXTS, fuzzed
from tests.fuzz.conftest import Desk
from webapp.api import all_endpoints
from webapp.security.cookies import COOKIE
from webapp.security.device_cookies import COOKIE as DEVICE_COOKIE
from webapp.security.views import THEME_COOKIE, THEMES

LISTS = ["/payments", "/payouts", "/disputes", "/escrows", "/runs", "/audit", "/users", "/parties", "/notifications"]
READING = sorted(each.path for each in all_endpoints() if not each.writes and "<" not in each.path)
NUMBERS = st.integers() | st.sampled_from([2**63 - 1, 2**63, -(2**63), 10**30]) | st.floats()
INSTANTS = st.sampled_from(["2026-03-31T14:00:00Z", "0001-01-01T00:00:00+14:00Z", "9999-12-31T23:59:59Z", "2026", ""])
LEAVES = NUMBERS | TEXTS | st.sampled_from(["\ud800", "a\x00b"]) | st.none() | INSTANTS.map(lambda text: {"t": text})
WRITTEN = LEAVES.filter(lambda value: value != "\ud800")
"""What a release may have written: none ever wrote halves of characters."""
POSITIONS = st.lists(LEAVES, max_size=3) | st.dictionaries(TEXTS, NUMBERS, max_size=2) | LEAVES


def _sealed(position: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


DEEP = base64.urlsafe_b64encode(b"[" * 3_000).decode()
CURSORS = (
    POSITIONS.map(_sealed) | TEXTS | st.binary(max_size=30).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
)
VALUES = (
    TEXTS
    | CURSORS
    | NUMBERS.map(str)
    | INSTANTS
    | st.sampled_from(["\u00b2", "1e999", "-", "%00", "\ufeff1", "9" * 4_000])
)
FIELDS = [
    "q",
    "sort",
    "size",
    "after",
    "before",
    "since",
    "until",
    "from",
    "to",
    "currency",
    "status",
    "id",
    "run",
    "cursor",
]
QUERIES = st.dictionaries(
    st.sampled_from([*FIELDS, "limit", "assignee", "after_item", "kind"]) | TEXTS, VALUES, max_size=4
)


@pytest.mark.parametrize("path", LISTS)
@fuzzed(6)
@given(query=QUERIES, sort=st.sampled_from(["", "id", "-at", "-created_at", "amount", "ref", "name"]), cursor=CURSORS)
@example(query={}, sort="", cursor=DEEP)
@example(query={}, sort="ref", cursor=_sealed(["\ud800", 1]))
@example(query={}, sort="name", cursor=_sealed(["a\x00b", 1]))
@example(query={}, sort="-at", cursor=_sealed([{"t": "0001-01-01T00:00:00Z"}, 1]))
def test_no_query_breaks_a_list(desk: Desk, path: str, query: dict[str, str], sort: str, cursor: str) -> None:
    asked = {name: text.encode("utf-8", "replace") for name, text in query.items()}
    desk.ask(path, query_string=asked | {"sort": sort, "after": cursor})


@pytest.mark.parametrize("path", READING)
@fuzzed(4)
@given(query=QUERIES, cursor=CURSORS)
@example(query={}, cursor=DEEP[:200])
def test_no_query_breaks_the_api(desk: Desk, path: str, query: dict[str, str], cursor: str) -> None:
    answer = desk.call(path, query_string=query | {"cursor": cursor})
    if answer.status_code >= 400:
        assert answer.content_type == "application/problem+json"
        assert answer.json["detail"]


HEADER_TEXTS = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\x00"), max_size=40)
ADDRESSES = st.sampled_from(
    ["http://[", "https://[::1", "//", "http://a@b:c", "null", "http://\u00e9", "https://h:99999999"]
)
HEADER_NAMES = [
    *(
        "Accept",
        "Accept-Language",
        "Authorization",
        "Content-Type",
        "Cookie",
        "Host",
        "If-Modified-Since",
        "If-None-Match",
    ),
    *(
        "Idempotency-Key",
        "Origin",
        "Range",
        "Referer",
        "Sec-Fetch-Site",
        "User-Agent",
        "X-Forwarded-For",
        "X-Request-ID",
    ),
    *("X-Forwarded-Host", "X-Forwarded-Proto", "X-Requested-With", "If-Range", "Content-Encoding", "Accept-Encoding"),
]
HEADERS = st.dictionaries(
    st.sampled_from(HEADER_NAMES),
    HEADER_TEXTS | ADDRESSES | st.sampled_from(["https", "9" * 5_000, "bearer \u00e9", ";q=nan"]),
    max_size=5,
)
ASKED = [
    "/",
    "/sign-in",
    "/livez",
    "/static/desk.js",
    "/payments",
    "/api/v1/parties",
    "/nowhere",
    "/theme",
    "/sign-out",
]


@fuzzed(60)
@given(
    path=st.sampled_from(ASKED) | TEXTS.map(lambda text: f"/{quote(text, safe='')}"),
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD"]),
    headers=HEADERS,
)
@example(path="/settings/stop", method="POST", headers={"Origin": "http://["})
@example(path="/sign-in", method="POST", headers={"X-Forwarded-Proto": "https", "Referer": "https://["})
@example(path="/sign-in", method="POST", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "["})
@example(path="/sign-in", method="POST", headers={"X-Forwarded-Proto": "https", "Referer": "https://["})
@example(path="/sign-in", method="GET", headers={"Host": "a" * 64})
@example(path="/webhooks/paystack", method="POST", headers={"X-Forwarded-For": "x" * 300, "User-Agent": "y" * 3_000})
def test_no_header_breaks_an_answer(desk: Desk, path: str, method: str, headers: dict[str, str]) -> None:
    desk.ask(path, client=desk.nobody, method=method, headers=headers)


@fuzzed(60)
@given(
    kept=st.dictionaries(
        st.sampled_from(["_user_id", "kept_form", "halfway", "csrf_token", "_fresh"]), WRITTEN, max_size=4
    )
)
@example(kept={"halfway": [1, "x", 5]})
@example(kept={"_user_id": "a\x00b"})
@example(kept={"halfway": {}})
def test_no_content_of_a_cookie_of_ours_breaks_a_page(desk: Desk, kept: dict[str, Any]) -> None:
    """It is signed; what an older release put into it may have another form."""
    serializer: Any = desk.app.session_interface.get_signing_serializer(desk.app)  # type: ignore[attr-defined]
    cookie = serializer.dumps(kept)
    for path in ("/", "/sign-in", "/sign-in/code"):
        answer = desk.ask(path, client=desk.nobody, headers={"Cookie": f"{COOKIE}={cookie}"})
        assert path != "/" or answer.status_code != 200, "it opened the desk"


@fuzzed(20)
@given(
    name=st.sampled_from([COOKIE, DEVICE_COOKIE, THEME_COOKIE, "other"]), value=HEADER_TEXTS, cut=st.integers(0, 200)
)
@example(name=THEME_COOKIE, value='dark"><script>', cut=0)
def test_no_cookie_that_we_did_not_sign_is_believed(desk: Desk, name: str, value: str, cut: int) -> None:
    ours = desk.app.session_interface.get_signing_serializer(desk.app).dumps({"_user_id": "1"})  # type: ignore[attr-defined]
    for cookie in (value, ours[:cut], f"{ours[:cut]}{value}{ours[cut + 1 :]}"):
        answer = desk.ask("/", client=desk.nobody, headers={"Cookie": f"{name}={cookie}"})
        assert answer.status_code in (302, 303, 400), cookie
        page = desk.ask("/sign-in", client=desk.nobody, headers={"Cookie": f"{name}={cookie}"})
        chosen = page.text.partition('data-theme="')[2].partition('"')[0]
        assert chosen in ("", *THEMES)


@fuzzed(25)
@given(theme=TEXTS, wanted=TEXTS | ADDRESSES, token=TEXTS)
@example(theme="dark", wanted="//evil.example", token="")
@example(theme="dark", wanted="//[", token="")
@example(theme="dark", wanted="/\\evil.example", token="")
@example(theme="dark", wanted="/\t/evil.example", token="")
def test_no_form_of_strangers_leads_elsewhere(desk: Desk, theme: str, wanted: str, token: str) -> None:
    for path in ("/theme", "/sign-in"):
        form = {"theme": theme, "next": wanted, "csrf_token": token, "email": theme, "password": wanted}
        answer = desk.ask(path, client=desk.nobody, method="POST", data=form)
        assert answer.status_code in (400, 413), "a form without its token was taken"
        desk.ask(path, client=desk.nobody, query_string={"next": wanted})
