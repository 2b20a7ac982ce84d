"""Every provider that there is code for: found by walking the packages, none is named here."""

import importlib
import importlib.util
import pkgutil
from types import ModuleType

from pydantic import ValidationError

from webapp import providers
from webapp.providers.descriptor import ProviderDescriptor
from webapp.settings import Settings, SettingsProblem, in_lines

_FOUND: dict[str, ProviderDescriptor] = {}
_WALKED: set[str] = set()


def load(package: ModuleType) -> None:
    """Add the provider of every package in this one that has a module `descriptor`. Harmless to repeat."""
    if package.__name__ in _WALKED:
        return
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if found.ispkg and importlib.util.find_spec(f"{found.name}.descriptor"):
            descriptor: ProviderDescriptor = importlib.import_module(f"{found.name}.descriptor").DESCRIPTOR
            _FOUND[descriptor.name] = descriptor
    _WALKED.add(package.__name__)


def every() -> tuple[ProviderDescriptor, ...]:
    """All of them, in the order of lists."""
    load(providers)
    return tuple(sorted(_FOUND.values(), key=lambda each: (each.position, each.name)))


def get(name: str) -> ProviderDescriptor:
    """The one of this name. Raises KeyError."""
    load(providers)
    return _FOUND[name]


def payment_providers() -> tuple[str, ...]:
    """The names of those that move money, configured or not."""
    return tuple(each.name for each in every() if each.collects)


def refunding() -> tuple[str, ...]:
    """The names of those that give payments back the way they came."""
    return tuple(each.name for each in every() if each.refunds)


def needed_to_pay_out(settings: Settings) -> str:
    """The variables of which one provider's have to be set before a payout can be sent, in words."""
    found = ((each.configuration(settings).missing, each.test_key(settings)) for each in every() if each.pays_out)
    return " or ".join(" and ".join(missing or (unreal,)) for missing, unreal in found)


def check_settings() -> None:
    """Raise SettingsProblem with all that is wrong in the providers' own settings."""
    wrong: list[str] = []
    for each in every():
        try:
            if each.settings is not None:
                each.settings()
        except ValidationError as error:
            wrong += in_lines(error)
    if wrong:
        raise SettingsProblem(wrong)


def collects_twice(name: str) -> bool:
    """Whether several transactions may succeed under one of its references; no, of one there is no code for."""
    load(providers)
    return name in _FOUND and _FOUND[name].collects_twice
