"""What pages and answers are made of, read in few statements."""
