"""Secrets in files: every setting `NAME` that holds a secret may also be given as `NAME_FILE`, the path of its file.

So that a secret need not stand in an environment, which `docker inspect`, a crash report and each child process show.
"""

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import ModelWrapValidatorHandler, PrivateAttr, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from pydantic_settings.sources import EnvSettingsSource

MAX_BYTES = 64 * 1024
"""More than any secret is long: a path of something else is noticed before it is read."""

_SECRET = ("key", "_token", "secret", "password", "notify_urls", "alert_urls", "heartbeat_url")
_NOT_SECRET = ("flutterwave_token_url", "password_sign_in", "approvals_need_passkey")
_WITH_PASSWORD = (
    "database_url",
    "database_replica_url",
    "redis_url",
    "smtp_url",
    "backup_source_url",
    "backup_proof_url",
)


def is_secret(name: str) -> bool:
    """Whether nothing of this setting is ever shown."""
    return name not in _NOT_SECRET and any(word in name for word in _SECRET)


def may_be_in_a_file(name: str) -> bool:
    """Whether this setting is also taken from `NAME_FILE`: a secret, or an address with a password in it."""
    return is_secret(name) or name in _WITH_PASSWORD


def with_values(environment: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """An environment in which these variables have these values, also those that came from files."""
    kept = {name: value for name, value in environment.items() if name.removesuffix("_FILE") not in values}
    return kept | dict(values)


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A setting whose value stands in a file."""

    variable: str
    path: str
    is_set_too: bool
    """Whether the setting itself is given beside the file."""

    def read(self) -> str:
        """What is in it, without its last newline. Raises ValueError in words, which never show what is in it."""
        if self.is_set_too:
            raise ValueError(f"{self.variable} is set too: set only one of the two")
        try:
            return self._content()
        except OSError as problem:
            raise ValueError(f"{self._named} can't be read: {problem.strerror}") from None

    def _content(self) -> str:
        file = Path(self.path)
        # Looked at before it is opened: to open a named pipe would wait for whoever writes into it.
        if not stat.S_ISREG(file.stat().st_mode):
            raise ValueError(f"{self._named} is no file")
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"{self._named} is larger than {MAX_BYTES // 1024} KiB: no secret is")
        try:
            text = content.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            raise ValueError(f"{self._named} is no text in UTF-8")
        if not text.strip():
            raise ValueError(f"{self._named} is empty")
        return text

    @property
    def _named(self) -> str:
        return f"the file of {self.variable}, {self.path},"


class SettingsWithFiles(BaseSettings):
    """Settings whose secrets may stand in files; in the environment and in `.env` alike."""

    _secret_files: dict[str, str] = PrivateAttr(default_factory=dict)
    _taken_from: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def secret_files(self) -> dict[str, str]:
        """The settings that were read from files, and the paths of those."""
        return dict(self._secret_files)

    @property
    def taken_from(self) -> dict[str, str]:
        """The settings that nobody set and `desk up` left in the folder for data, and the paths of its files."""
        return dict(self._taken_from)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Files come before the environment, in which the same setting may only be empty."""
        return init_settings, _SecretFiles(settings_cls, env_settings, dotenv_settings), env_settings, dotenv_settings

    @field_validator("*", mode="before")
    @classmethod
    def _from_file(cls, value: Any) -> Any:
        return value.read() if isinstance(value, SecretFile) else value

    @model_validator(mode="wrap")
    @classmethod
    def _with_names_of_files(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        given = data if isinstance(data, dict) else {}
        files = {name: value.path for name, value in given.items() if isinstance(value, SecretFile)}
        found = handler(data)
        found._secret_files = files
        return found


class _SecretFiles(PydanticBaseSettingsSource):
    """Which settings stand in files. They are read when the settings are checked, so that each problem has its name."""

    def __init__(self, settings_cls: type[BaseSettings], *given: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._given = [each for each in given if isinstance(each, EnvSettingsSource)]

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The file of one setting; None without one."""
        path = self._variable(f"{field_name}_file")
        if not path or not may_be_in_a_file(field_name):
            return None, field_name, False
        file = SecretFile(f"{field_name}_file".upper(), path, is_set_too=bool(self._variable(field_name)))
        return file, field_name, False

    def _variable(self, name: str) -> str:
        return next((value for each in self._given if (value := each.env_vars.get(name))), "")

    def __call__(self) -> dict[str, Any]:
        fields = self.settings_cls.model_fields.items()
        return {name: file for name, field in fields if (file := self.get_field_value(field, name)[0]) is not None}
