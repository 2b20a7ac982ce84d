"""Set-ups that are broken, each in one way, and what `desk doctor` has to say of it."""

from real.setups import of_counterparts, of_databases, of_poolers, of_redis, of_surroundings
from real.setups.registry import BrokenSetup

ALL: tuple[BrokenSetup, ...] = (
    *of_redis.SETUPS,
    *of_databases.SETUPS,
    *of_poolers.SETUPS,
    *of_counterparts.SETUPS,
    *of_surroundings.SETUPS,
)
