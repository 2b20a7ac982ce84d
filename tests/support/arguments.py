"""The named arguments that many services take, for a test that hands the same ones to several."""

from datetime import datetime
from typing import TypedDict

from webapp.domain.actors import Actor
from webapp.settings import Settings


class ByActor(TypedDict):
    """When, and who."""

    at: datetime
    actor: Actor


class ByLockedActor(ByActor):
    """The same, of a computation: whether the rows are locked."""

    locked: bool


class UnderSettings(TypedDict):
    """When, and the desk's settings."""

    at: datetime
    settings: Settings


class ByActorUnderSettings(ByActor):
    """When, who, and the desk's settings."""

    settings: Settings


class OfVersion(ByActorUnderSettings):
    """The same, of the version of a row that the actor saw."""

    version: int
