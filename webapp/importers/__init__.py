"""Files from the marketplace: read with suspicion, checked whole, then loaded in sets."""
