"""Who moves money for the desk, with which keys, and how often each is asked."""

from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from webapp.settings_parts.kinds import Words
from webapp.settings_parts.secret_files import SettingsWithFiles


class ProviderKeySettings(SettingsWithFiles):
    """Who moves money for the desk, with which keys, and how often each is asked."""

    model_config = SettingsConfigDict(title="Providers")

    paystack_secret_key: str = Field(
        "",
        description="turns Paystack on: payments, payouts, refunds, chargebacks",
    )
    paystack_secret_key_fallbacks: Words = Field(
        [],
        description="former keys of Paystack by which its webhooks may be signed still",
    )
    paystack_public_key: str = Field(
        "",
        description="for the marketplace's own pages; the desk only shows whether it is set",
    )
    paystack_url: str = Field(
        "https://api.paystack.co",
        description="where Paystack answers",
    )
    paystack_calls_per_minute: int = Field(
        500,
        ge=1,
        description="how often all processes together ask Paystack",
    )
    flutterwave_client_id: str = Field(
        "",
        description="turns Flutterwave v4 on, with `FLUTTERWAVE_CLIENT_SECRET`: a token is asked for and kept fresh",
    )
    flutterwave_client_secret: str = Field(
        "",
        description="the secret of `FLUTTERWAVE_CLIENT_ID`",
    )
    flutterwave_secret_key: str = Field(
        "",
        description="turns Flutterwave v3 on: payments verified by reference",
    )
    flutterwave_url: str = Field(
        "https://f4bexperience.flutterwave.com",
        description="where Flutterwave v4 answers",
    )
    flutterwave_v3_url: str = Field(
        "https://api.flutterwave.com",
        description="where Flutterwave v3 answers",
    )
    flutterwave_token_url: str = Field(
        "https://idp.flutterwave.com/realms/flutterwave/protocol/openid-connect/token",
        description="where v4's tokens come from",
    )
    flutterwave_webhook_secret: str = Field(
        "",
        description="the secret hash of Flutterwave's webhooks; without it they are refused",
    )
    flutterwave_webhook_secret_fallbacks: Words = Field(
        [],
        description="former secret hashes of Flutterwave's webhooks that are still taken",
    )
    flutterwave_webhook_plain: bool = Field(
        False,
        description="take the secret hash itself as v4's signature, as one of its pages says",
    )
    flutterwave_calls_per_minute: int = Field(
        300,
        ge=1,
        description="how often all processes together ask Flutterwave",
    )
    flutterwave_session_minutes: int = Field(
        1440,
        ge=5,
        le=1440,
        description="how long a page of Flutterwave's checkout may be paid at; a failed attempt ends nothing before",
    )
    flutterwave_payer_attempts: int = Field(
        5,
        ge=1,
        le=20,
        description="how often a payer may try again at such a page",
    )
    ledger: Literal["embedded", "blnk"] = Field(
        "embedded",
        description="`blnk`: every transfer is mirrored to Blnk and compared with it",
    )
    blnk_url: str = Field(
        "http://localhost:5001",
        description="where Blnk answers",
    )
    blnk_api_key: str = Field(
        "",
        description=(
            "Blnk's key: one with the scopes `ledgers`, `balances` and `transactions`, each `:read` and `:write`, or "
            "its master key"
        ),
    )
    blnk_webhook_secret: str = Field(
        "",
        description=(
            "Blnk's `server.secret_key`, which signs its webhooks; without it they are refused. How to set Blnk up: "
            "docs/handbook.md"
        ),
    )
    blnk_webhook_secret_fallbacks: Words = Field(
        [],
        description="former secrets of Blnk's webhooks that are still taken",
    )
    blnk_calls_per_minute: int = Field(
        6_000,
        ge=1,
        description="how often all processes together ask Blnk",
    )
    provider_timeout_seconds: float = Field(
        15,
        gt=0,
        le=120,
        description="how long one call to a provider may take, all in all",
    )
    provider_parallel_calls: int = Field(
        16,
        ge=1,
        le=64,
        description="how many calls one job makes at once",
    )
