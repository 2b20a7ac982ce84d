"""`desk doctor --provider`: does a provider answer as it is recorded to? Only what asks is sent."""

from webapp.conformance import records, servers
from webapp.conformance.exchanges import is_harmless, replay
from webapp.errors import Invalid
from webapp.health_checks import CheckResult
from webapp.settings import Settings

_NAMED = 5


def conformity(provider: str, settings: Settings) -> CheckResult:
    """Send the harmless part of its records, with the desk's own address and key. Raises Invalid."""
    known = {each.name: each for each in servers.KNOWN}
    if provider not in known:
        raise Invalid(f"There is no provider {provider!r} with recorded exchanges. There are: {', '.join(known)}.")
    one = known[provider]
    variables = {name: str(getattr(settings, name.lower(), "") or "") for name in (one.url_variable, one.key_variable)}
    server = one.server(variables)
    if server is None:
        missing = ", ".join(name for name, value in variables.items() if not value)
        return CheckResult(provider, "wrong", f"It can't be asked: {missing} is not set.", "Set it, and ask again.")
    rows = [row for row in records.of(provider)["exchanges"] if is_harmless(row)]
    found = [each for each in replay(server, records.of(provider), only=rows) if each.said]
    if not found:
        return CheckResult(provider, "ok", f"{server.url} answered {len(rows)} harmless requests as recorded.")
    told = " ".join(f"{each.name}: {' '.join(each.said)}" for each in found[:_NAMED])
    do = "A wrong key, an older server or a proxy in between answers otherwise; `make conformance` asks everything."
    return CheckResult(provider, "wrong", f"{len(found)} of {len(rows)} answers are not as recorded. {told}", do)
