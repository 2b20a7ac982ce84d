"""The addresses by which an outside scheduler starts jobs that it ran before there was a desk, kept as they were."""

CRON_ADDRESSES = {
    "/api/admin/analytics/aggregate": "aggregate_analytics",
    "/api/admin/cleanup": "clean_up_data",
}
"""Which job each address starts."""
