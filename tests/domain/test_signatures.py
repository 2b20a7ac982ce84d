"""Signatures, ours and those of the providers, against published vectors.

Standard Webhooks: the example of its specification and reference libraries. HMAC: RFC 4231, test cases 1, 2 and 4.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.bounded import PROPERTY
from webapp.domain.outbox import webhook_signing
from webapp.providers.blnk.webhooks import check_signature as check_blnk
from webapp.providers.flutterwave.webhooks import check_signature as check_flutterwave
from webapp.providers.paystack.webhooks import check_signature as check_paystack
from webapp.providers.webhooks.signatures import Headers, NotSigned
from webapp.settings import Settings

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
VECTORS = [
    (
        "\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
        "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
    ),
    (
        "Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    ),
    (
        "".join(map(chr, range(0x01, 0x1A))),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
        "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
        "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd",
    ),
]


def keys(**given: Any) -> Settings:
    values: dict[str, Any] = {"_env_file": None, "env": "test"} | given
    return Settings(**values)


def test_a_webhook_is_signed_as_in_the_published_example() -> None:
    made = webhook_signing.headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        '{"test": 2432232314}',
    )
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_new_secret_is_256_bits_and_never_the_same() -> None:
    made = {webhook_signing.new_secret() for _ in range(50)}
    assert len(made) == 50
    assert {len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) for secret in made} == {32}
    assert all(secret.startswith("whsec_") for secret in made)


@PROPERTY
@given(
    number=st.text("msg_09é", min_size=1, max_size=20), stamp=st.integers(0, 2**40), body=st.text('{"é€. ', max_size=50)
)
def test_a_signature_covers_id_time_and_body(number: str, stamp: int, body: str) -> None:
    secret = webhook_signing.new_secret()
    proof = webhook_signing.headers(secret, number, stamp, body)["webhook-signature"]
    for other in (
        webhook_signing.headers(secret, number + "1", stamp, body),
        webhook_signing.headers(secret, number, stamp + 1, body),
        webhook_signing.headers(secret, number, stamp, body + " "),
        webhook_signing.headers(webhook_signing.new_secret(), number, stamp, body),
    ):
        assert other["webhook-signature"] != proof


@pytest.mark.parametrize(("key", "raw", "_sha256", "sha512"), VECTORS)
def test_paystack_is_hmac_sha512_in_hexadecimal(key: str, raw: bytes, _sha256: str, sha512: str) -> None:
    settings = keys(paystack_secret_key=key)
    check_paystack(raw, {"x-paystack-signature": sha512}, settings, AT)
    for wrong in (sha512[:-1] + "0", sha512.upper(), sha512[:64], _sha256, "", "é"):
        with pytest.raises(NotSigned, match="wrong"):
            check_paystack(raw, {"x-paystack-signature": wrong}, settings, AT)
    with pytest.raises(NotSigned, match="wrong"):
        check_paystack(raw + b" ", {"x-paystack-signature": sha512}, settings, AT)
    with pytest.raises(NotSigned, match="no signature"):
        check_paystack(raw, {}, settings, AT)


@pytest.mark.parametrize(("key", "raw", "sha256", "_sha512"), VECTORS)
def test_flutterwave_is_hmac_sha256_in_base64(key: str, raw: bytes, sha256: str, _sha512: str) -> None:
    settings = keys(flutterwave_webhook_secret=key)
    proof = base64.b64encode(bytes.fromhex(sha256)).decode()
    check_flutterwave(raw, {"flutterwave-signature": proof}, settings, AT)
    for wrong in (sha256, proof.rstrip("="), proof.swapcase(), "", key):
        with pytest.raises(NotSigned, match=r"wrong|not a signature"):
            check_flutterwave(raw, {"flutterwave-signature": wrong}, settings, AT)
    with pytest.raises(NotSigned, match="wrong"):
        check_flutterwave(raw[:-1], {"flutterwave-signature": proof}, settings, AT)


def test_flutterwaves_older_header_is_the_hash_itself_and_cannot_stand_in_for_a_signature() -> None:
    settings = keys(flutterwave_webhook_secret="the-hash")
    check_flutterwave(b"{}", {"verif-hash": "the-hash"}, settings, AT)
    for given_headers in ({"verif-hash": "another"}, {"verif-hash": "the-hash", "flutterwave-signature": "x"}, {}):
        with pytest.raises(NotSigned):
            check_flutterwave(b"{}", given_headers, settings, AT)
    with pytest.raises(NotSigned):
        check_flutterwave(b"{}", {"flutterwave-signature": "the-hash"}, settings, AT)
    plain = keys(flutterwave_webhook_secret="the-hash", flutterwave_webhook_plain=True)
    check_flutterwave(b"{}", {"flutterwave-signature": "the-hash"}, plain, AT)


def signed_by_blnk(raw: bytes, stamp: str) -> dict[str, str]:
    """The rule of its documentation: SHA-256 over the timestamp, a dot and the body."""
    proof = hmac.new(b"blnk-key", f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    return {"x-blnk-timestamp": stamp, "x-blnk-signature": proof}


@pytest.mark.parametrize(("off", "taken"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_blnk_is_believed_for_five_minutes(off: int, taken: bool) -> None:
    settings, stamp = keys(blnk_webhook_secret="blnk-key"), str(int(AT.timestamp()) + off)
    if taken:
        check_blnk(b"{}", signed_by_blnk(b"{}", stamp), settings, AT)
        return
    with pytest.raises(NotSigned, match="five minutes"):
        check_blnk(b"{}", signed_by_blnk(b"{}", stamp), settings, AT)


@pytest.mark.parametrize("stamp", ["", "soon", "-5", "1e9", "²", "٣", "9" * 5_000])
def test_a_time_of_blnk_that_is_none_is_refused_even_when_it_is_signed(stamp: str) -> None:
    with pytest.raises(NotSigned, match="five minutes"):
        check_blnk(b"{}", signed_by_blnk(b"{}", stamp), keys(blnk_webhook_secret="blnk-key"), AT)


def test_blnk_signs_the_time_too() -> None:
    settings, stamp = keys(blnk_webhook_secret="blnk-key"), int(AT.timestamp())
    moved = signed_by_blnk(b"{}", str(stamp)) | {"x-blnk-timestamp": str(stamp + 1)}
    with pytest.raises(NotSigned, match="wrong"):
        check_blnk(b"{}", moved, settings, AT)


@pytest.mark.parametrize("check", [check_paystack, check_flutterwave, check_blnk])
def test_without_a_secret_nothing_is_believed(check: Callable[[bytes, Headers, Settings, datetime], None]) -> None:
    empty = hmac.new(b"", b"{}", hashlib.sha512).hexdigest()
    headers = {"x-paystack-signature": empty, "verif-hash": "", **signed_by_blnk(b"{}", "1")}
    with pytest.raises(NotSigned, match="is not set"):
        check(b"{}", headers, keys(), AT)
