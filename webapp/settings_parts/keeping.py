"""Where files lie, how long everything is kept, and how it is backed up."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from webapp.settings_parts.kinds import Words
from webapp.settings_parts.secret_files import SettingsWithFiles


class KeepingSettings(SettingsWithFiles):
    """Where files lie, how long everything is kept, and how it is backed up."""

    model_config = SettingsConfigDict(title="Keeping and backing up")

    evidence_max_megabytes: int = Field(
        10,
        ge=1,
        le=100,
        description="the largest evidence file",
    )
    evidence_bucket: str = Field(
        "",
        pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?)?$",
        description=(
            "`BUCKET` or `BUCKET/PREFIX` of an S3-compatible store where evidence lies instead, so that hosts share "
            "it: docs/production.md"
        ),
        json_schema_extra={"when_unset": "a folder in `VAR_DIR`", "form": "`BUCKET` or `BUCKET/PREFIX`"},
    )
    s3_endpoint: str = Field(
        "",
        description="the address of the store of `EVIDENCE_BUCKET`",
        json_schema_extra={"when_unset": "Amazon's"},
    )
    s3_region: str = Field(
        "",
        description="the store's region",
        json_schema_extra={"when_unset": "boto's own"},
    )
    s3_access_key: str = Field(
        "",
        description="whose key to the store it is",
        json_schema_extra={"when_unset": "boto's own: the machine's role, `~/.aws`"},
    )
    s3_secret_key: str = Field(
        "",
        description="the key to the store",
        json_schema_extra={"when_unset": "boto's own"},
    )
    run_retention_days: int = Field(
        90,
        ge=7,
        le=36500,
        description="how long runs are kept that moved no money, with their items; a job's last is kept for good",
    )
    log_retention_days: int = Field(
        90,
        ge=1,
        le=36500,
        description="how long the lines are kept that runs logged, at most as long as the runs",
    )
    message_retention_days: int = Field(
        90,
        ge=7,
        le=36500,
        description="how long messages and webhooks are kept that arrived, and the events that were sent",
    )
    webhook_retention_days: int = Field(
        180,
        ge=7,
        le=36500,
        description="how long the bodies of providers' webhooks are kept",
    )
    staged_evidence_days: int = Field(
        30,
        ge=1,
        le=36500,
        description="how long evidence is kept that was staged and never submitted",
    )
    cart_retention_days: int = Field(
        30,
        ge=1,
        le=36500,
        description="how long cart items are kept that nobody came back to (`updated_at`)",
    )
    sign_in_retention_days: int = Field(
        90,
        ge=1,
        le=36500,
        description=(
            "how long sign-ins that are over are kept, and passwords of administrators' making that are out of date"
        ),
    )
    archive_retention_days: int = Field(
        365,
        ge=0,
        le=36500,
        description="how long the archives of all that are kept, in `VAR_DIR/archive`; `0` for good",
    )
    backup_dir: Path | None = Field(
        None,
        description="where backups lie; better on another disk, and the same folder for every worker",
        json_schema_extra={"when_unset": "`VAR_DIR/backups`"},
    )
    backup_keep: int = Field(
        14,
        ge=0,
        le=10_000,
        description="how many backups are kept; the newest that is proven stays in any case; `0` switches backups off",
    )
    backup_key: str = Field(
        "",
        description=(
            "backups are encrypted under it; `desk backup --new-key` makes one. Keep it elsewhere too: without it "
            "they can't be read"
        ),
        json_schema_extra={"form": "`AGE-SECRET-KEY-1…`"},
    )
    backup_key_fallbacks: Words = Field(
        [],
        description="former keys, to read older backups with",
    )
    backup_source_url: str = Field(
        "",
        description=(
            "PostgreSQL itself, where `DATABASE_URL` leads to a pooler such as PgBouncer: `pg_dump` needs a session "
            "of its own"
        ),
        json_schema_extra={"when_unset": "`DATABASE_URL`"},
    )
    backup_proof_url: str = Field(
        "",
        description=(
            "a PostgreSQL server on which a role may make the scratch database that proves a backup, as the address "
            "of a database there"
        ),
        json_schema_extra={"when_unset": "the desk's own"},
    )
    pg_bin_dir: Path | None = Field(
        None,
        description="the folder of `pg_dump` and `pg_restore`, of the server's version or newer",
        json_schema_extra={"when_unset": "the PATH"},
    )
