"""What `desk up` starts, in order, and with which environment."""

import os
from pathlib import Path

from webapp.local import redis_server
from webapp.local.processes import ChildProcess, DeskProcess
from webapp.settings import Settings
from webapp.settings_parts.secret_files import with_values

WEB_STOPS = 20
"""The most seconds that the pages take to stop on this machine, where somebody waits for Ctrl-C."""


def environment(settings: Settings) -> dict[str, str]:
    """The environment of the children: ours, with the addresses that were settled on."""
    return with_values(
        os.environ,
        {
            "DATABASE_URL": settings.database_address,
            "REDIS_URL": settings.redis_address,
            "VAR_DIR": str(settings.var_dir.resolve()),
            "PORT": str(settings.port),
            "WEB_STOP_SECONDS": str(min(settings.web_stop_seconds, WEB_STOPS)),
            "SECRET_KEY": settings.secret_key,
            "PYTHONUNBUFFERED": "1",
        },
    )


def redis_process(settings: Settings) -> ChildProcess | None:
    """The embedded Redis, unless REDIS_URL names another."""
    if settings.redis_url:
        return None
    return ChildProcess("redis", redis_server.command(settings.redis_socket), os.environ, _log(settings, "redis"))


def desk_processes(settings: Settings, workers: int) -> list[DeskProcess]:
    """The web server, the workers and the scheduler."""
    around = environment(settings)
    commands = {"web": ["web"]}
    commands |= {f"worker-{number}": ["worker"] for number in range(1, workers + 1)}
    commands |= {"scheduler": ["scheduler"]}
    return [DeskProcess(name, command, around, _log(settings, name)) for name, command in commands.items()]


def _log(settings: Settings, name: str) -> Path:
    return settings.var_dir.resolve() / "log" / f"{name}.log"
