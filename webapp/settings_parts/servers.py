"""Where the desk runs, what it stands on, and how its processes watch each other."""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field
from pydantic_settings import SettingsConfigDict

from webapp.settings_parts.kinds import Words
from webapp.settings_parts.secret_files import SettingsWithFiles

DEVELOPMENT_KEY = "escrow-desk-development-key-not-for-production"


class ServerSettings(SettingsWithFiles):
    """Where the desk runs, what it stands on, and how its processes watch each other."""

    model_config = SettingsConfigDict(title="The desk, its database and its Redis")

    env: Literal["development", "test", "demo", "production"] = Field(
        "development",
        validation_alias=AliasChoices("DESK_ENV", "env"),
        description="what this desk is for. Production refuses default secrets, SQLite and an embedded Redis",
    )
    database_url: str = Field(
        "",
        description="the database: `postgresql://…` in production. Several hosts: docs/production.md",
        json_schema_extra={"when_unset": "SQLite in `VAR_DIR`"},
    )
    database_replica_url: str = Field(
        "",
        description="a standby of the database, from which exports and reports are read: docs/production.md",
        json_schema_extra={"when_unset": "they are read from the database itself"},
    )
    database_standbys: int = Field(
        0, ge=0, le=100, description="how many standbys of PostgreSQL `desk doctor` has to find at the primary"
    )
    replication_lag_megabytes: int = Field(
        64,
        ge=1,
        le=1_000_000,
        description="how far a standby may be behind the primary before `desk doctor` calls it wrong",
    )
    replication_lag_seconds: int = Field(
        30,
        ge=1,
        le=86_400,
        description="how long a standby may lack what the primary wrote before `desk doctor` calls it wrong",
    )
    redis_url: str = Field(
        "",
        description="Redis: `redis://…`, `rediss://…`, `unix://…`, or `redis+sentinel://host:26379,host:26379/NAME/0`",
        json_schema_extra={"when_unset": "an embedded Valkey (or Redis) in `VAR_DIR`"},
    )
    secret_key: str = Field(
        DEVELOPMENT_KEY,
        description="signs cookies, seals the audit trail, encrypts stored secrets",
        json_schema_extra={
            "when_unset": "made by `desk up`, kept in `VAR_DIR`",
            "form": "at least 32 characters in production",
        },
    )
    secret_key_fallbacks: Words = Field(
        [],
        description="former keys: what was signed, sealed and encrypted under them stays readable",
    )
    audit_key_fallbacks: Words = Field(
        [],
        description="former keys by which nothing but seals of the audit trail is verified any more",
    )
    cron_secret_token: str = Field(
        "",
        description="a bearer token that may only trigger jobs; without it those endpoints answer 503",
    )
    port: int = Field(
        8000,
        ge=1,
        le=65535,
        description="where the web server listens",
    )
    web_stop_seconds: int = Field(
        60,
        ge=1,
        le=600,
        description="how long a web process that was told to stop goes on answering who has asked already; what stops "
        "it has to wait longer. 20 at most under `desk up`",
    )
    public_url: str = Field(
        "",
        description=(
            "how people reach the desk: links in messages, where checkouts return to, the one address at which "
            "passkeys work (in production without it, the first of `TRUSTED_HOSTS`). Another host later means new "
            "passkeys"
        ),
        json_schema_extra={"when_unset": "`http://localhost:PORT`"},
    )
    trusted_hosts: Words = Field(
        [],
        description="hosts this desk answers to; required in production",
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=5,
        description="how many proxies in front may name the caller's address",
    )
    var_dir: Path = Field(
        Path("var"),
        description="the folder for data",
    )
    instance_id: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,64}$",
        description="the identity of the desk that this host belongs to; for hosts that keep no `VAR_DIR`",
        json_schema_extra={
            "when_unset": "the file `instance.json` in `VAR_DIR`",
            "form": "at most 64 letters, digits, `.`, `_` and `-`",
        },
    )
    log_format: Literal["json", "console"] = Field(
        "console",
        description="how logs are written: a JSON object for each line, or for people",
    )
    alive_file: Path | None = Field(
        None,
        description=(
            "a file that worker and scheduler write every ten seconds, for probes without HTTP: its age says that the"
            " process lives, *ready* in it that the database took its heartbeat"
        ),
    )
    heartbeat_url: str = Field(
        "",
        description=(
            "asked every minute by the scheduler while all is well, so that an outside monitor notices silence"
        ),
    )
    api_rate_limit: str = Field(
        "600 per minute",
        description="how often one caller may ask the API",
        json_schema_extra={"form": "a number of requests and a time, such as `600 per minute`"},
    )
    second_factor_required: bool = Field(
        False,
        description=(
            "`true`: who has no second factor (an authenticator app or a passkey) can do nothing but set one up"
        ),
    )
    run_lease_seconds: int = Field(
        30,
        ge=1,
        le=600,
        description="how long a run belongs to a worker that has gone silent",
    )
    max_clock_skew_seconds: int = Field(
        30,
        ge=1,
        le=3600,
        description="how far a machine's clock may be off the database's; beyond that it runs no jobs",
    )
    silence_seconds: int = Field(
        60,
        ge=2,
        le=3600,
        description="after how long a silent process is called dead",
    )
    waiting_seconds: int = Field(
        300,
        ge=5,
        description="after how long a waiting job is called too old",
    )
