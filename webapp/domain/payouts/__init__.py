"""Where a payout may go, and what a provider's response means for it."""
