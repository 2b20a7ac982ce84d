"""Four eyes: what is decided, by whom, up to which limit, and carried out how."""
