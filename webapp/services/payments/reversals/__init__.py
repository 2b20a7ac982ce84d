"""What left an escrow, taken back by a person."""
