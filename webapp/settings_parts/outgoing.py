"""By which servers letters, messages and webhooks go out, and how fast."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from webapp.domain.languages import ENGLISH
from webapp.settings_parts.kinds import Words
from webapp.settings_parts.readers import Language, Zone
from webapp.settings_parts.secret_files import SettingsWithFiles


class OutgoingSettings(SettingsWithFiles):
    """By which servers letters, messages and webhooks go out, and how fast."""

    model_config = SettingsConfigDict(title="What goes out")

    smtp_url: str = Field(
        "",
        description="the mail server; without it no email is sent",
        json_schema_extra={"form": "`smtp://user:password@host:587` (STARTTLS) or `smtps://…`"},
    )
    mail_from: str = Field(
        "Escrow Desk <desk@localhost>",
        description="the sender of emails",
    )
    marketplace_name: str = Field(
        "",
        max_length=100,
        description="what the marketplace is called where a canned reply names it",
    )
    warranty_claim_name: str = Field(
        "",
        max_length=40,
        description=(
            "what the marketplace calls a warranty claim, on pages, in letters and in files of every language, such as "
            "`backjob`; empty: each reader's own word for it"
        ),
    )
    default_language: Language = Field(
        ENGLISH,
        description=(
            "the language of letters to who has none of the desk's, of chats and alerts, and of pages where the "
            "browser asks for none"
        ),
        json_schema_extra={"form": "`en`, `fr`, `sw` or `pt`"},
    )
    default_zone: Zone = Field(
        "UTC",
        description=("the time zone of letters to who has none and whose country has several, of chats and of alerts"),
        json_schema_extra={"form": "an IANA time zone"},
    )
    notify_urls: Words = Field(
        [],
        description=(
            "Apprise addresses. With `{phone}`, the recipient's number, for SMS to parties: "
            "`atalk://USER@KEY/{phone}` (Africa's Talking), `twilio://SID:TOKEN@FROM/{phone}`; without it, chats of "
            "the staff: `slack://…`"
        ),
    )
    alert_urls: Words = Field(
        [],
        description="Apprise addresses that alerts go to",
    )
    alert_emails: Words = Field(
        [],
        description="email addresses that alerts go to",
    )
    webhooks_per_minute: int = Field(
        6_000,
        ge=1,
        description="how many webhooks all processes together send; from 60 a minute on, spread over its seconds",
    )
    emails_per_minute: int = Field(
        600,
        ge=1,
        description="how many emails all processes together send",
    )
    sms_per_minute: int = Field(
        60,
        ge=1,
        description="how many SMS all processes together send",
    )
    chats_per_minute: int = Field(
        60,
        ge=1,
        description="how many messages to chats all processes together send, alerts among them",
    )
    webhook_private_addresses: Words = Field(
        [],
        description="networks such as `10.1.0.0/16` that outgoing webhooks may reach although they are private",
    )
