"""Orders, placement holds and paying from a wallet."""
