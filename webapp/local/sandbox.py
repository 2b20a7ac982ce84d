"""The sandbox beside the demo: where no provider is configured, one is invented, so that money can be seen moving."""

import json
import os
import socket
from dataclasses import dataclass

from webapp.local.processes import DeskProcess
from webapp.sandbox.core.settings import HOST, SANDBOX_KEYS
from webapp.settings import SANDBOX_FILE, Settings, load_settings
from webapp.settings_parts.secret_files import with_values

_CONFIGURED = ("paystack_secret_key", "flutterwave_client_id", "flutterwave_secret_key", "smtp_url", "notify_urls")


@dataclass(frozen=True)
class SandboxAddress:
    """Where the sandbox answers, and where it takes mail."""

    port: int
    smtp_port: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self.port}"


def is_wanted(settings: Settings, asked: bool) -> bool:
    """Whether invented providers are asked for, as the demo does, and this desk has none of its own."""
    return asked and not settings.is_production and not any(getattr(settings, name) for name in _CONFIGURED)


def choose_address(settings: Settings) -> SandboxAddress:
    """Ports beside the desk's, or free ones."""
    return SandboxAddress(_free(settings.port + 1), _free(settings.port + 2))


def process(settings: Settings, address: SandboxAddress) -> DeskProcess:
    """Its process; its file lies in the folder for data."""
    folder = settings.var_dir.resolve()
    desk = f"http://{HOST}:{settings.port}"
    ports = ["--port", str(address.port), "--smtp-port", str(address.smtp_port)]
    command = ["sandbox", *ports, "--file", str(folder / "sandbox.sqlite3"), "--desk", desk]
    around = with_values(os.environ, SANDBOX_KEYS | {"PYTHONUNBUFFERED": "1", "VAR_DIR": str(folder)})
    return DeskProcess("sandbox", command, around, folder / "log" / "sandbox.log")


def configure(settings: Settings, address: SandboxAddress) -> Settings:
    """Keep in the folder how it is reached, for every process of this desk; the settings with it."""
    values = {name.lower(): key for name, key in SANDBOX_KEYS.items()} | {
        "paystack_url": f"{address.url}/paystack",
        "flutterwave_url": f"{address.url}/flutterwave",
        "flutterwave_v3_url": f"{address.url}/flutterwave",
        "flutterwave_token_url": f"{address.url}/flutterwave/idp/token",
        "blnk_url": f"{address.url}/blnk",
        "smtp_url": f"smtp://{HOST}:{address.smtp_port}",
        "notify_urls": [f"json://{HOST}:{address.port}/chat", f"json://{HOST}:{address.port}/sms/{{phone}}"],
        "alert_urls": [f"json://{HOST}:{address.port}/chat"],
        "webhook_private_addresses": [f"{HOST}/32"],
    }
    file = settings.var_dir / SANDBOX_FILE
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as kept:
        json.dump(values, kept, indent=1)
    return load_settings()


def remove_configuration(settings: Settings) -> None:
    """It is not there any more."""
    (settings.var_dir / SANDBOX_FILE).unlink(missing_ok=True)


def _free(port: int) -> int:
    for candidate in (port, 0):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return port
