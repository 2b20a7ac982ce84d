"""The company's own identity provider: OpenID Connect's code flow with PKCE, on Authlib."""
