"""Reports: the list, one of them, and who is sent them."""
