"""Bodies of the API as no client of ours sends them: refused in words by every endpoint that writes."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.bounded import TEXTS, fuzzed
from tests.fuzz.conftest import Desk
from webapp.api import all_endpoints
from webapp.api.framework.routing import Endpoint

WRITING = [each for each in all_endpoints() if each.writes]
FIELDS = sorted({name for each in WRITING if (shape := each.takes("body")) for name in shape.model_fields})
LEAVES = (
    TEXTS
    | st.integers()
    | st.sampled_from([2**63, -(2**63) - 1, 10**400, "\ud800", "a\x00b", "NGN", "2026-03-31T14:00:00Z", "x" * 3_000])
    | st.floats()
    | st.booleans()
    | st.none()
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | TEXTS, inner, max_size=4),
)
TYPES = st.sampled_from(
    [
        "application/json",
        "application/json; charset=utf-16",
        "text/plain",
        "application/x-json",
        "multipart/form-data",
        "",
    ]
)
RAW = [
    b"[" * 100_000,
    b'{"a":' * 20_000,
    b'{"ref": "a", "ref": "b"}',
    b'{"amount": 1e999999999}',
    b'{"amount": ' + b"9" * 5_000 + b"}",
    b'{"ref": "\\ud800"}',
    b'{"ref": NaN, "name": -Infinity}',
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b'{"ref": "\xff"}',
    b"{}{}",
    b"null",
    b"\x00",
]


def _refused_or_taken(answer: Any) -> None:
    if answer.status_code >= 400:
        assert answer.content_type == "application/problem+json"
        assert answer.json["detail"]
        json.dumps(answer.json, ensure_ascii=False).encode()


def _path(endpoint: Endpoint) -> str:
    return "/".join("999999999" if part.startswith("<") else part for part in endpoint.path.split("/"))


@pytest.mark.parametrize("endpoint", WRITING, ids=lambda endpoint: endpoint.name)
@fuzzed(4)
@given(fields=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4), data=st.data())
def test_no_body_breaks_an_endpoint(
    desk: Desk, endpoint: Endpoint, fields: dict[str, Any], data: st.DataObject
) -> None:
    shape = endpoint.takes("body")
    own = list(shape.model_fields) if shape else []
    body = fields | {name: data.draw(VALUES) for name in own}
    raw = json.dumps(body).encode()
    _refused_or_taken(desk.call(_path(endpoint), method=endpoint.method, data=raw, content_type="application/json"))


@pytest.mark.parametrize("raw", RAW, ids=range(len(RAW)))
def test_what_is_hardly_json_is_refused(desk: Desk, raw: bytes) -> None:
    answer = desk.call("/api/v1/parties", method="POST", data=raw, content_type="application/json")
    assert answer.status_code in (400, 422), answer.text
    _refused_or_taken(answer)


TWICE = [
    b'{"ref": "a", "name": "A", "ref": "b"}',
    b'{"ref": "a", "name": "A", "currencies": [], "currencies": ["NGN"]}',
    b'{"ref": "a", "name": "A", "r\\u0065f": "b"}',
]


@pytest.mark.parametrize("raw", TWICE)
def test_a_name_that_is_there_twice_is_refused(desk: Desk, raw: bytes) -> None:
    answer = desk.call("/api/v1/parties", method="POST", data=raw, content_type="application/json")
    assert answer.status_code == 400
    assert "more than once" in answer.json["detail"]
    nested = b'{"party": "a", "amount": {"amount": 1, "amount": 100000, "currency": "NGN"}}'
    answer = desk.call("/api/v1/orders", method="POST", data=nested, content_type="application/json")
    assert "'amount' more than once" in answer.json["detail"]


def test_a_name_that_is_there_twice_among_very_many_is_found_in_time(desk: Desk) -> None:
    """A look for each name among all the others would take hours."""
    names = ",".join(f'"{number}": 1' for number in range(400_000))
    raw = f'{{{names}, "399999": 2}}'.encode()
    answer = desk.call("/api/v1/parties", method="POST", data=raw, content_type="application/json")
    assert "'399999' more than once" in answer.json["detail"]


def test_a_query_that_is_there_twice_is_refused(desk: Desk) -> None:
    answer = desk.call("/api/v1/parties?limit=1&limit=200")
    assert answer.status_code == 422
    assert "more than once: limit" in answer.json["detail"]


@fuzzed(40)
@given(
    raw=st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()), kind=TYPES, key=st.none() | TEXTS
)
@example(raw=b'{"ref": "x", "name": "X"}', kind="application/json", key="\u00e9" * 300)
@example(raw=b'{"ref": "x", "name": "X"}', kind="application/json", key="\x7f")
def test_no_kind_of_content_and_no_key_breaks_it(desk: Desk, raw: bytes, kind: str, key: str | None) -> None:
    written = None if key is None else key.encode().decode("latin-1")
    headers = {} if written is None or {"\r", "\n"} & set(written) else {"Idempotency-Key": written}
    answer = desk.call("/api/v1/parties", method="POST", data=raw, content_type=kind, headers=headers)
    _refused_or_taken(answer)
    if "\x7f" in headers.get("Idempotency-Key", ""):
        assert answer.status_code >= 400
