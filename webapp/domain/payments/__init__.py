"""What a payment became at its provider: outcomes, duplicates, refunds, chargebacks, and who bears a loss."""
