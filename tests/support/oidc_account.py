"""What the identity provider of tests knows: the desk as its client, and its people."""

PASSWORD = "correct horse"
USERNAMES = ("admin", "agent", "stranger")
CLIENT_ID, CLIENT_SECRET = "escrow-desk", "a-secret-of-the-desk-at-its-provider"
