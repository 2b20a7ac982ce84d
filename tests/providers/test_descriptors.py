"""What a descriptor says that its provider can do is what its client has the methods for."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import settings_for
from webapp.providers import catalogue
from webapp.providers.protocols import PaymentCollector, PayoutSender, RefundSender
from webapp.runtime import build_runtime
from webapp.sandbox.core.settings import SANDBOX_KEYS

KEYS: dict[str, Any] = {name.lower(): key for name, key in SANDBOX_KEYS.items()} | {"ledger": "blnk"}


@pytest.mark.parametrize("name", [each.name for each in catalogue.every()])
@pytest.mark.parametrize("more", [{}, {"flutterwave_client_id": "", "flutterwave_client_secret": ""}])
def test_a_provider_can_do_what_its_descriptor_says(
    name: str, more: dict[str, Any], sqlite_url: str, tmp_path: Path
) -> None:
    runtime, told = build_runtime(settings_for(sqlite_url, tmp_path, **(KEYS | more))), catalogue.get(name)
    client = runtime.providers.clients[name]
    assert told.collects == isinstance(client, PaymentCollector)
    assert told.refunds == isinstance(client, RefundSender)
    assert told.pays_out == isinstance(client, PayoutSender)
    runtime.db.close()
