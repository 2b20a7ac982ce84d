"""What a process needs to work. Nothing connects before it is used."""

from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redis import Redis

from webapp.db import Database
from webapp.figure_cache import FigureCache
from webapp.process_figures import ProcessFigures
from webapp.providers import catalogue
from webapp.providers.registry import Providers
from webapp.services.audit import trail
from webapp.services.common import instance
from webapp.services.common.identity_file import IdentityFile
from webapp.services.common.replica import Replica
from webapp.services.disputes.presence import Presence
from webapp.services.ledger.daily_totals import settle_figures
from webapp.services.ledger.posting import MIRRORED, settle_pools
from webapp.settings import Settings
from webapp.settings_parts import redis_address
from webapp.settings_parts.evidence_store import EvidenceStore

if TYPE_CHECKING:
    from webapp.providers.oidc.client import IdentityProvider

_REPLICA_CONNECTIONS = 5


@dataclass(frozen=True)
class Runtime:
    """Settings, database, Redis and providers of one process."""

    settings: Settings
    db: Database

    @cached_property
    def redis(self) -> Redis:
        """The Redis that carries the queues: a hint, never the truth."""
        return redis_address.connect(
            self.settings.redis_address, socket_connect_timeout=3, socket_timeout=10, health_check_interval=30
        )

    @cached_property
    def replica(self) -> Replica:
        """Where exports and reports are read. Nothing that anybody decides by is read there."""
        url = self.settings.database_replica_url
        return Replica(self.db, Database(url, pool_size=_REPLICA_CONNECTIONS) if url else None)

    @cached_property
    def figure_cache(self) -> FigureCache:
        """Figures that are kept ready in the same Redis, which is not waited for."""
        return FigureCache(
            lambda seconds: redis_address.connect(
                self.settings.redis_address, socket_connect_timeout=seconds, socket_timeout=seconds
            )
        )

    @cached_property
    def presence(self) -> Presence:
        """Who has which case open, in the same Redis."""
        return Presence(
            lambda seconds: redis_address.connect(
                self.settings.redis_address, socket_connect_timeout=seconds, socket_timeout=seconds
            )
        )

    @cached_property
    def figures(self) -> ProcessFigures:
        """What this process counts of itself, and the sums of all processes."""
        return ProcessFigures(
            lambda seconds: redis_address.connect(
                self.settings.redis_address, socket_connect_timeout=seconds, socket_timeout=seconds
            )
        )

    def count_figures(self, kind: str) -> None:
        """From now on count what this process does, as a process of this kind; its heartbeat adds that to the sums."""
        self.figures.watch(kind, self.db)
        self.db.remember(trail.SEAL_WATCH, self.figures.sealed)

    @cached_property
    def providers(self) -> Providers:
        """The providers that are configured."""
        return Providers(self.settings, self.db)

    @cached_property
    def identity_provider(self) -> "IdentityProvider":
        """The company's own sign-in, where it is set; nothing is asked before somebody signs in."""
        # Only web processes need it, and only where it is set: the others do without its libraries.
        from webapp.providers.oidc.client import IdentityProvider

        return IdentityProvider(self.settings)

    @cached_property
    def evidence(self) -> EvidenceStore:
        """Where files of evidence lie, outside the web root: a folder, or a bucket that is used as one."""
        return self.settings.evidence_store

    @property
    def evidence_folder(self) -> Path:
        """The folder for them, where no bucket is set."""
        return self.settings.evidence_folder


def build_runtime(settings: Settings) -> Runtime:
    """A runtime by these settings. Raises SettingsProblem when a provider's own can't be used."""
    catalogue.check_settings()
    return Runtime(settings, database(settings.database_address, settings))


def database(url: str, settings: Settings) -> Database:
    """A database whose transactions end by settling figures and pools, and by sealing their audit records."""
    seal = partial(trail.seal, key=settings.audit_key)
    info: dict[str, Any] = {MIRRORED: True} if settings.ledger == "blnk" else {}
    info[instance.BESIDE] = IdentityFile(settings.var_dir, settings.instance_id)
    return Database(url, before_commit=(settle_figures, settle_pools, seal), info=info)
