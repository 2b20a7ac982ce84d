"""What the sandbox is told: keys, addresses, and how fast its world moves. Loopback only, never in production."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from webapp.errors import Invalid

HOST = "127.0.0.1"


SANDBOX_KEYS = {
    "PAYSTACK_SECRET_KEY": "sk_sandbox_paystack",
    "FLUTTERWAVE_CLIENT_ID": "sandbox-client",
    "FLUTTERWAVE_CLIENT_SECRET": "sandbox-client-secret",
    "FLUTTERWAVE_SECRET_KEY": "FLWSECK_sandbox",
    "FLUTTERWAVE_WEBHOOK_SECRET": "sandbox-flutterwave-hash",
    "BLNK_API_KEY": "sandbox-blnk-key",
    "BLNK_WEBHOOK_SECRET": "sandbox-blnk-webhook",
}
"""What the keys are where no variable says otherwise; the desk's own settings may take them."""


@dataclass(frozen=True)
class Keys:
    """What each provider expects from the desk, and signs with. Each may be set by the variable of its name."""

    paystack_secret_key: str = SANDBOX_KEYS["PAYSTACK_SECRET_KEY"]
    flutterwave_client_id: str = SANDBOX_KEYS["FLUTTERWAVE_CLIENT_ID"]
    flutterwave_client_secret: str = SANDBOX_KEYS["FLUTTERWAVE_CLIENT_SECRET"]
    flutterwave_secret_key: str = SANDBOX_KEYS["FLUTTERWAVE_SECRET_KEY"]
    flutterwave_webhook_secret: str = SANDBOX_KEYS["FLUTTERWAVE_WEBHOOK_SECRET"]
    blnk_api_key: str = SANDBOX_KEYS["BLNK_API_KEY"]
    blnk_webhook_secret: str = SANDBOX_KEYS["BLNK_WEBHOOK_SECRET"]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Keys":
        """The defaults, where no variable says otherwise."""
        return cls(**{name.lower(): environment.get(name) or key for name, key in SANDBOX_KEYS.items()})


@dataclass
class Options:
    """How the world behaves; `POST /control/options` changes any of it while the sandbox runs."""

    desk: str = "http://127.0.0.1:8000"
    """Where webhooks go: `{desk}/webhooks/paystack` and so on."""
    settle_seconds: float = 0.5
    """After how long a transfer succeeds."""
    refund_seconds: float = 0.5
    """After how long a refund is processed."""
    autopay_seconds: float = 0.0
    """After how long a checkout is paid by itself, every third one without a webhook; 0 is never."""
    token_seconds: int = 600
    """How long a Flutterwave token lives."""
    retry_seconds: float = 0.5
    """How long a webhook that failed waits for its first retry; each later wait is twice as long."""
    attempts: int = 6
    """How often a webhook is sent at most."""
    patience: float = 120.0
    """How long a call that times out is kept waiting."""
    flat_webhooks: bool = True
    """Whether Flutterwave v3 tells of payments in the flat form."""
    strangers: bool = True
    """Whether the lists of Paystack and Flutterwave have rows of other people's business."""
    blnk_webhooks: bool = True
    """Whether Blnk tells of every transaction and balance."""
    transfer_answer: str = "success"
    """What a transfer that was only queued is answered with: `success`, as Paystack does, `pending` or `otp`."""
    may_pay_out: bool = True
    """Whether our business at Paystack may send transfers; else each is refused, as to a starter business."""


@dataclass(frozen=True)
class SandboxSettings:
    """One sandbox."""

    keys: Keys = field(default_factory=Keys)
    file: Path | None = None
    """Where its store is; without one it ends with the sandbox."""
    options: Options = field(default_factory=Options)


def refuse_in_production(environment: Mapping[str, str]) -> None:
    """Raise Invalid where real money could be near."""
    if environment.get("DESK_ENV") == "production":
        raise Invalid("The sandbox invents money and does not start with DESK_ENV=production.")
