"""How many examples a property of these rules gets: all of them together stay within ten seconds."""

from hypothesis import HealthCheck, Phase, settings

PROPERTY = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
)
