"""Whatever a provider signs can be read, kept and read again; whatever nobody signed is refused in words."""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.bounded import BLOWN_UP, IN_TIME, TEXTS, fuzzed, repeated
from webapp import clock
from webapp.providers import catalogue
from webapp.providers.webhooks import reader
from webapp.providers.webhooks.payloads import WebhookPayload
from webapp.providers.webhooks.signatures import NotSigned
from webapp.sandbox.core.settings import SANDBOX_KEYS, Keys
from webapp.sandbox.webhooks.signatures import SIGNERS
from webapp.settings import Settings, load_settings

PROVIDERS = [each.name for each in catalogue.every()]
EACH = pytest.mark.parametrize("provider", PROVIDERS)
_FIELDS = [
    "event",
    "type",
    "event.type",
    "data",
    "id",
    "reference",
    "tx_ref",
    "txRef",
    "status",
    "transaction",
    "charge",
]
_NUMBERS = ["transaction_reference", "refund_reference", "amount", "webhook_id", "charge_id", "transaction_id"]
NAMES = st.sampled_from([*_FIELDS, *_NUMBERS])
EVENTS = st.sampled_from(
    ["charge.success", "charge.dispute.create", "transfer.failed", "refund.processed", "transaction.applied"]
)
ODD = TEXTS | st.text(st.characters(categories=["Cs"]), max_size=2) | st.integers() | st.none() | st.booleans()
LEAVES = ODD | st.floats() | EVENTS
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXTS, inner, max_size=4)
)
BODIES = st.dictionaries(NAMES | TEXTS, VALUES, max_size=6).map(json.dumps)
RAW = (
    BODIES.map(str.encode)
    | BODIES.map(lambda text: text.encode("utf-16"))
    | st.binary(max_size=80)
    | TEXTS.map(str.encode)
)
LIMITS = {"event": 150, "reference": 150, "number": 150}


def _is_kept(payload: WebhookPayload, raw: bytes) -> None:
    """Every database can keep what was read, within the columns, and the kept body says the same again."""
    for text in (payload.event, payload.key, payload.reference or "", payload.number, reader.as_text(raw)):
        text.encode()
        assert "\x00" not in text
    for name, most in LIMITS.items():
        assert len(getattr(payload, name) or "") <= most, name
    json.dumps(payload.data).encode()


@EACH
@fuzzed(60)
@given(raw=RAW)
@example(raw=b'{"event": "\\ud800", "data": {"id": "\\u0000"}}')
@example(raw=b'{"event": "charge.success", "event": 5, "data": {"id": 1e999, "reference": NaN}}')
def test_any_body_is_read_to_something_that_can_be_kept(provider: str, raw: bytes) -> None:
    payload = reader.read(provider, raw)
    _is_kept(payload, raw)
    again = reader.read(provider, reader.as_text(raw).encode())
    assert (again.event, again.reference, again.subject_type) == (
        payload.event,
        payload.reference,
        payload.subject_type,
    )


@EACH
@IN_TIME
@fuzzed(4)
@given(raw=repeated(st.binary(min_size=1, max_size=3) | st.text('\\"[]{}:,a1', min_size=1, max_size=4).map(str.encode)))
@example(raw=b'\\"' * (BLOWN_UP // 2))
@example(raw=b'{"a":' * (BLOWN_UP // 5))
@example(raw=b"[" * BLOWN_UP)
@example(raw=b'{"event": ' + b"9" * BLOWN_UP + b"}")
def test_the_largest_body_takes_no_more_work_than_its_length(provider: str, raw: bytes) -> None:
    _is_kept(reader.read(provider, raw), raw)


@pytest.fixture(scope="module")
def keys() -> Settings:
    return load_settings(
        _env_file=None,
        secret_key="of-this-test-and-long-enough-for-it",
        **{name.lower(): key for name, key in SANDBOX_KEYS.items()},
    )


HEADER_NAMES = sorted({name for each in catalogue.every() for name in each.signature_headers})
HEADERS = st.dictionaries(
    st.sampled_from([*HEADER_NAMES, "x-other"]),
    st.text(st.characters(max_codepoint=255), max_size=140)
    | st.sampled_from(["0", "1" * 5_000, "-1", "1e3", "\u00b2"]),
    max_size=4,
)
AT = clock.now()


@EACH
@fuzzed(60)
@given(raw=st.binary(max_size=40), headers=HEADERS)
def test_no_header_of_strangers_is_a_signature(
    provider: str, raw: bytes, headers: dict[str, str], keys: Settings
) -> None:
    with pytest.raises(NotSigned, match=r"\.$"):
        catalogue.get(provider).check_signature(raw, headers, keys, AT)


@pytest.mark.parametrize("signer", sorted(SIGNERS))
@fuzzed(40)
@given(raw=st.binary(max_size=60), flip=st.integers(0, 10**6), seconds=st.integers(-200, 200), data=st.data())
def test_one_changed_sign_makes_no_signature(
    signer: str, raw: bytes, flip: int, seconds: int, data: Any, keys: Settings
) -> None:
    provider = next(name for name in PROVIDERS if signer.startswith(name))
    signed = SIGNERS[signer](Keys(), raw, int((AT + timedelta(seconds=seconds)).timestamp()))
    headers = {name.lower(): value for name, value in signed.items()}
    check = catalogue.get(provider).check_signature
    check(raw, headers, keys, AT)
    name = data.draw(st.sampled_from(sorted(headers)))
    place = flip % len(headers[name])
    changed = headers[name][:place] + chr((ord(headers[name][place]) + 1) % 128) + headers[name][place + 1 :]
    with pytest.raises(NotSigned):
        check(raw, headers | {name: changed}, keys, AT)


def test_the_signatures_here_are_those_of_the_algorithm(keys: Settings) -> None:
    """So that a signer that signs nothing makes no test above pass."""
    made = SIGNERS["paystack"](Keys(), b"{}", 0)
    (given_signature,) = made.values()
    assert given_signature == hmac.new(keys.paystack_secret_key.encode(), b"{}", hashlib.sha512).hexdigest()
