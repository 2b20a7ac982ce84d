"""What providers' webhooks say, and whether they are theirs."""
