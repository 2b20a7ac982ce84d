"""Parts of the settings: secrets in files, and the company's own sign-in."""
