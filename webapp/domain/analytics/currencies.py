"""What has no currency, in rows that are kept by currency."""

NO_CURRENCY = "XXX"
"""ISO 4217's code of transactions without a currency: new customers are counted under it, amounts never."""
