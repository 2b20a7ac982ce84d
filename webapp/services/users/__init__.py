"""People, sessions, tokens and second factors."""
