"""Where the value of a setting comes from."""

from dataclasses import dataclass

from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from webapp.settings_parts.explained import variable_of
from webapp.settings_parts.secret_files import SettingsWithFiles


@dataclass(frozen=True, slots=True)
class Origin:
    """Who set a setting."""

    kind: str
    """`environment`, `.env`, `file`, `desk up` or `default`."""
    sentence: str

    @property
    def is_set(self) -> bool:
        """Whether somebody set it."""
        return self.kind in ("environment", ".env", "file")


class Origins:
    """Where the values of these settings come from, by the environment and the `.env` of now."""

    def __init__(self, found: SettingsWithFiles) -> None:
        self._found = found
        self._sources = {
            "environment": EnvSettingsSource(type(found)).env_vars,
            ".env": DotEnvSettingsSource(type(found)).env_vars,
        }

    def of(self, name: str) -> Origin:
        """Where the setting of this name (as the code has it) comes from."""
        if path := self._found.secret_files.get(name):
            file = f"{variable_of(name)}_FILE"
            return Origin("file", f"Read from the file {path}, which {file} names in {self._place(file)}.")
        if place := self._where(variable_of(name)):
            return Origin(place, f"Set in {_PLACES[place]}.")
        if path := self._found.taken_from.get(name):
            return Origin("desk up", f"Not set; `desk up` left it in {path}.")
        return Origin("default", "Not set.")

    def _place(self, variable: str) -> str:
        return _PLACES[self._where(variable) or "environment"]

    def _where(self, variable: str) -> str | None:
        """The first that has the variable, as they are asked when settings are read."""
        names = {variable.lower(), variable.removeprefix("DESK_").lower()}
        return next((kind for kind, given in self._sources.items() if names & given.keys()), None)


_PLACES = {"environment": "the environment", ".env": "`.env`"}
