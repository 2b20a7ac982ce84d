"""The addresses by which an outside scheduler starts jobs that it ran before there was a desk, kept as they were."""

CRON_ADDRESSES = {
    "/api/admin/analytics/aggregate": "aggregate_analytics",
    "/api/admin/subscriptions/expiry-checker": "expire_subscriptions",
    "/api/admin/subscriptions/payment-reminders": "send_payment_reminders",
    "/api/admin/cleanup": "clean_up_data",
}
"""Which job each address starts."""
