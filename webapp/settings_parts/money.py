"""When money moves, what one person may decide, and how long everything waits."""

from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from webapp.settings_parts.kinds import PerCurrency
from webapp.settings_parts.secret_files import SettingsWithFiles


class MoneySettings(SettingsWithFiles):
    """When money moves, what one person may decide, and how long everything waits."""

    model_config = SettingsConfigDict(title="Money and decisions")

    escrow_auto_release_days: int = Field(
        7,
        ge=0,
        le=3650,
        description="days from an order's creation to its escrow's release",
    )
    buffer_days: int = Field(
        7,
        ge=0,
        le=3650,
        description="days that a finished job's earning stays pending",
    )
    escrow_fee_basis_points: int = Field(
        0,
        ge=0,
        le=10_000,
        description="the platform's share of an order that comes without a fee",
    )
    default_currency: str = Field(
        "RWF",
        description="the currency of a first wallet of a party whose country is not known",
        json_schema_extra={"form": "an ISO 4217 code"},
    )
    subscription_grace_period_days: int = Field(
        7,
        ge=0,
        le=3650,
        description=(
            "how many days a tenant sells on after its subscription expired, unless it has a number of its own"
        ),
    )
    auto_deduct_percent: int = Field(
        30,
        ge=1,
        le=100,
        description="how much of the debt a standing order takes, on the day, unless the party's own says otherwise",
    )
    auto_deduct_minimum_balance: PerCurrency = Field(
        {"RWF": 10_000},
        description="what the deduction leaves in the wallet unless the party's own says otherwise, per currency",
    )
    auto_deduct_zone: str = Field(
        "Africa/Nairobi",
        description='the zone whose days count for "once a day"',
        json_schema_extra={"form": "an IANA time zone"},
    )
    analytics_day: Literal["utc", "tenant"] = Field(
        "utc",
        description="whose days analytics are about: `utc`, or `tenant` for each tenant's own zone",
    )
    approval_limits: PerCurrency = Field(
        {},
        description="what one person may move alone, per currency. None means nothing",
    )
    approval_expiry_hours: int = Field(
        72,
        ge=1,
        description="how long a proposal waits for its second person",
    )
    approvals_need_passkey: bool = Field(
        False,
        description=(
            "`true`: a second person approves proposals and new payout destinations with a passkey, in the desk; the "
            "API approves none"
        ),
    )
    dispute_response_hours: int = Field(
        72,
        ge=1,
        description="how long a party, or the desk, has to answer",
    )
    claim_cooldown_hours: int = Field(
        24,
        ge=0,
        le=8760,
        description="how long an earning stays after a warranty claim was rejected",
    )
    chargeback_liability: Literal["ask", "seller", "platform"] = Field(
        "ask",
        description=(
            "who bears what a payer's bank took after the money was released: `ask` (a person decides, seller or "
            "platform), `seller` (wallet, then debt), `platform` (a loss)"
        ),
    )
    payout_destination_wait_hours: int = Field(
        24,
        ge=0,
        le=720,
        description=(
            "how long a new or changed payout destination waits before it is paid to, unless a second person approves"
            " it; `0`: not at all"
        ),
    )
    payout_lookup_hours: int = Field(
        24,
        ge=1,
        le=720,
        description=(
            "how long a provider that may have a payout is asked for it before a person may decide that it was paid, "
            "or not: its own time"
        ),
    )
    payout_settle_hours: int = Field(
        24,
        ge=1,
        le=720,
        description=(
            "after how long a payout that is not settled, sent or not, fires an alert; from then on two people may "
            "settle one that was sent, by what its provider's own page shows"
        ),
    )
    payment_verification_timeout_hours: int = Field(
        24,
        ge=1,
        le=720,
        description="the age at which a silent payment is asked about, and for how long it is asked about",
    )
    order_payment_timeout_hours: int = Field(
        48,
        ge=1,
        le=8760,
        description="the age at which an order that nobody pays is declined",
    )
