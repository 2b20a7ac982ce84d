"""Second factors that lie in databases go on working, also those that Flask-Security's class stored."""

from datetime import UTC, datetime
from typing import Any

import pytest
from passlib.totp import TOTP

from webapp.models import User
from webapp.services.users import two_factor
from webapp.settings import Settings

STORED = (
    '{"enckey":{"c":14,"k":"A6JIYBVYATV7AJAGVLW5W5G2MOPXPLF5","s":"VAKQEQFI2U5COBBAUQ2A","t":"cde25cd6","v":1},'
    '"type":"totp","v":1}'
)
"""Written by flask_security.totp.Totp 5.9.2 with SECRET_KEY "kkk…" (40)."""
IN_THE_APP = "ARAK-RNPW-PZHY-TUK2-NPGZ-SU7K-TVJW-V3O5"
KEY = "k" * 40
AT, CODE = datetime(2026, 11, 27, 12, 0, tzinfo=UTC), "303120"
"""What the authenticator app shows then; computed apart from this code, by RFC 6238 in Python's hmac."""


def codes(**given: Any) -> two_factor.Codes:
    values: dict[str, Any] = {"_env_file": None, "env": "test"} | given
    return two_factor.Codes(Settings(**values))


@pytest.mark.parametrize(
    "settings", [{"secret_key": KEY}, {"secret_key": "n" * 40, "secret_key_fallbacks": [KEY]}], ids=["same", "rotated"]
)
def test_a_secret_stored_by_flask_security_still_signs_in_and_a_code_is_spent(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TOTP, "now", AT.timestamp)
    user = User()
    assert codes(**settings).fits(user, STORED, "000000") is False
    assert codes(**settings).fits(user, STORED, CODE) is True
    assert user.totp_counter == int(AT.timestamp()) // 30
    assert codes(**settings).fits(user, STORED, CODE) is False
    assert codes(**settings).key_to_type(STORED) == IN_THE_APP


def test_a_new_secret_is_stored_in_the_same_form_and_not_readable_without_the_key() -> None:
    stored = codes(secret_key=KEY).new_secret()
    assert stored.startswith('{"enckey":{"c":14,')
    assert codes(secret_key=KEY).key_to_type(stored).replace("-", "") not in stored
