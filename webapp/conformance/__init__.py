"""What the providers are known to answer, as data, and whether a server answers so."""
