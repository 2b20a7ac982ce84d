"""What is the matter with Redis: it is asked to keep something, and what it says of itself is read."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis, SSLConnection
from redis import exceptions as refusals
from redis.exceptions import RedisError, ResponseError

_KEY = "desk:health:"
_SECONDS = 10
"""How long what was written for the question may be left behind."""
_NEARLY_FULL = 0.9
_SAVES = ("rdb_last_bgsave_status", "aof_last_write_status", "aof_last_bgrewrite_status")
_WAITS = "Nothing is lost: what is due waits in the database, and `desk run NAME` works meanwhile."


@dataclass(frozen=True)
class RedisFinding:
    """`ok`, `warning` or `wrong`, what was found, and what to do; `risks` are what may stop it later."""

    verdict: str
    found: str
    do: str = ""
    risks: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Refusal:
    """What Redis answered, known by its class or by a word in it, and what is meant by it."""

    kind: type[Exception]
    word: str
    found: str
    do: str


_ENDS_AT_ONCE = (
    "Redis ends the connection at once",
    "Where it speaks TLS only, set rediss:// in place of redis://; else see its log.",
)
_REFUSALS = (
    _Refusal(
        refusals.ConnectionError,
        "No master found",
        "No Sentinel of REDIS_URL names a primary",
        "Check their hosts and ports, the NAME that they have for it, and sentinel_password.",
    ),
    _Refusal(
        refusals.AuthenticationError,
        "",
        "Redis takes neither the user nor the password of REDIS_URL",
        "Set REDIS_URL=redis://USER:PASSWORD@HOST:PORT/0.",
    ),
    _Refusal(
        refusals.AuthorizationError, "", "Redis wants a password", "Set REDIS_URL=redis://USER:PASSWORD@HOST:PORT/0."
    ),
    _Refusal(refusals.BusyLoadingError, "", "Redis still reads its data from disk", "Wait until it is through."),
    _Refusal(
        refusals.ReadOnlyError,
        "",
        "This Redis is a replica and takes no writes",
        "Let REDIS_URL lead to the primary, or make this one the primary (REPLICAOF NO ONE).",
    ),
    _Refusal(
        refusals.OutOfMemoryError,
        "",
        "Redis is at its memory limit and takes no writes",
        "Raise maxmemory, or remove what is not the desk's.",
    ),
    _Refusal(
        refusals.NoPermissionError,
        "",
        "The user of REDIS_URL may not do what the desk needs",
        "Give it the rights of the ACL line in the handbook.",
    ),
    _Refusal(
        ResponseError,
        "MISCONF",
        "Redis can't save its data and takes no writes",
        "See its log and the disk of its `dir`.",
    ),
    _Refusal(
        ResponseError, "NOREPLICAS", "Redis has fewer replicas than it wants and takes no writes", "Mend its replicas."
    ),
    _Refusal(
        ResponseError,
        "unknown command",
        "What answers at REDIS_URL does not know the commands of Redis",
        "A Sentinel, a proxy or another server listens there: let REDIS_URL lead to the Redis itself.",
    ),
    _Refusal(
        refusals.ConnectionError,
        "mismatch",
        "The certificate of Redis is for another host",
        "Name the host in REDIS_URL as its certificate does, or give it one for this name.",
    ),
    _Refusal(
        refusals.ConnectionError,
        "certificate",
        "The certificate of Redis is not trusted",
        "Name its CA: rediss://HOST:PORT/0?ssl_ca_certs=/path/to/ca.pem.",
    ),
    _Refusal(
        refusals.ConnectionError,
        "WRONG_VERSION_NUMBER",
        "Redis does not speak TLS at this port",
        "Set redis:// in place of rediss://, or the port of TLS.",
    ),
    _Refusal(
        refusals.ConnectionError,
        "closed by server",
        *_ENDS_AT_ONCE,
    ),
    _Refusal(refusals.ConnectionError, "reset by peer", *_ENDS_AT_ONCE),
)
_SILENT_OVER_TLS = _Refusal(
    refusals.TimeoutError,
    "",
    "Redis does not answer over TLS",
    "Where it speaks none at this port, set redis:// in place of rediss://, or the port of TLS; else see its log.",
)
_SENTINEL = RedisFinding(
    "wrong",
    "This is the port of a Sentinel, which says where Redis is and keeps nothing.",
    f"Name Sentinels by redis+sentinel://HOST:26379/NAME/0, or let REDIS_URL lead to the Redis itself. {_WAITS}",
)


def examine(client: Redis) -> RedisFinding:
    """Write something, read it back, and look at role, memory, policy and saving. Raises nothing of Redis's."""
    try:
        if unreadable := _unreadable_ca(client):
            return unreadable
        role = _role(client)
        if role[:1] == ["sentinel"]:
            return _SENTINEL
        if role[:1] == ["slave"]:
            return _replica(role)
        _write_and_read(client)
        return _by_its_own_word(client)
    except (RedisError, OSError, ValueError) as problem:
        return _unusable(problem, over_tls=issubclass(client.connection_pool.connection_class, SSLConnection))


def _role(client: Redis) -> list[str]:
    """What it says it is; nothing where it does not tell us."""
    ask: Any = client.execute_command
    try:
        answer = ask("ROLE")
    except ResponseError:
        return []
    return [part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part) for part in answer]


def _replica(role: list[str]) -> RedisFinding:
    do = "Let REDIS_URL lead to the primary, or make this one the primary (REPLICAOF NO ONE)."
    found = f"This Redis is a replica of {':'.join(role[1:3])}: it takes no writes, or loses what it takes."
    return RedisFinding("wrong", found, f"{do} {_WAITS}")


def _write_and_read(client: Redis) -> None:
    key, value = f"{_KEY}{secrets.token_hex(8)}", secrets.token_hex(8)
    client.set(key, value, ex=_SECONDS)
    kept: Any = client.get(key)
    client.delete(key)
    if kept not in (value, value.encode()):
        raise ValueError("what was written can't be read back")


def _by_its_own_word(client: Redis) -> RedisFinding:
    try:
        answers: dict[str, Any] = dict(client.info())
    except ResponseError:
        found = "Redis takes writes. Its memory, policy and saving can't be seen: the user of REDIS_URL may not INFO."
        return RedisFinding("warning", found, "Nothing has to be done; +info in its ACL shows more.")
    valkey = answers.get("valkey_version")
    name = f"Valkey {valkey}" if valkey else f"Redis {answers.get('redis_version', 'of an unknown version')}"
    if risks := _risks(answers):
        return RedisFinding("warning", f"{name} takes writes. {' '.join(risks)}", "See Redis in the handbook.", risks)
    return RedisFinding("ok", f"{name} takes writes.")


def _risks(answers: Mapping[str, Any]) -> tuple[str, ...]:
    found = []
    most, used, policy = answers.get("maxmemory", 0), answers.get("used_memory", 0), answers.get("maxmemory_policy", "")
    if most and policy not in ("", "noeviction"):
        found.append(f"Its maxmemory-policy is {policy}, which throws out what is queued: set noeviction.")
    if most and used >= most * _NEARLY_FULL:
        found.append("More than nine tenths of its maxmemory are used: raise it before it takes no more writes.")
    failed = [name for name in _SAVES if answers.get(name, "ok") != "ok"]
    if failed:
        found.append(f"It could not save its data ({', '.join(failed)}): see its log and the disk of its `dir`.")
    return tuple(found)


def _unreadable_ca(client: Redis) -> RedisFinding | None:
    """What keeps the file of the CA in the address from being read; the connection would not say which file."""
    file = client.connection_pool.connection_kwargs.get("ssl_ca_certs")
    try:
        if file:
            Path(file).read_bytes()
    except OSError as problem:
        do = "Mend ssl_ca_certs in REDIS_URL: the file of the CA, readable by whom the desk runs as."
        return RedisFinding("wrong", f"The CA of Redis can't be read: {file}: {problem.strerror}.", f"{do} {_WAITS}")
    return None


def _unusable(problem: Exception, *, over_tls: bool) -> RedisFinding:
    message = (str(problem).strip().partition("\n")[0] or type(problem).__name__).rstrip(".")
    for each in (*_REFUSALS, _SILENT_OVER_TLS) if over_tls else _REFUSALS:
        if isinstance(problem, each.kind) and each.word.lower() in message.lower():
            return RedisFinding("wrong", f"{each.found}: {message}.", f"{each.do} {_WAITS}")
    do = "Check REDIS_URL, and that Redis runs; `desk up` starts an embedded one."
    return RedisFinding("wrong", f"Redis can't be used: {message}.", f"{do} {_WAITS}")
