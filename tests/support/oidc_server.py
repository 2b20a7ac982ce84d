"""An identity provider on loopback: django-oauth-toolkit as its authors ship it, with faults that a test may switch on.

    python -m tests.support.oidc_server FOLDER

It prints its port. `POST /control` takes the faults; people are `USERNAMES`, all with one password.
"""

import json
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings

from tests.support.oidc_account import CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAMES

LOGIN_PAGE = """<!DOCTYPE html><title>Acme sign-in</title><h1>Acme sign-in</h1>
<form method="post">{% csrf_token %}{{ form }}<button>Sign in at Acme</button></form>"""
LEAVE_PAGE = """<!DOCTYPE html><title>Acme sign-out</title><h1>Sign out of Acme?</h1>
<form method="post">{% csrf_token %}{{ form }}<button name="allow" value="true">Sign out</button></form>"""

control: dict[str, Any] = {}
"""`claims` and `without` change the ID token, `userinfo` is what userinfo has besides, `forge` how it is signed."""


def new_key() -> str:
    """A private key, as the library wants it."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem, plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return made.private_bytes(pem, plain, serialization.NoEncryption()).decode()


def configure(folder: Path) -> None:
    """Django with the provider and nothing else."""
    settings.configure(
        SECRET_KEY="of-the-provider-of-tests-and-of-nothing-else",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="tests.support.oidc_urls",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "provider.sqlite3")}},
        MIGRATION_MODULES=dict.fromkeys(["auth", "contenttypes", "sessions", "oauth2_provider"]),
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        SESSION_COOKIE_NAME="acme_session",
        CSRF_COOKIE_NAME="acme_csrf",
        USE_TZ=True,
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [
                        (
                            "django.template.loaders.locmem.Loader",
                            {"login.html": LOGIN_PAGE, "oauth2_provider/logout_confirm.html": LEAVE_PAGE},
                        )
                    ]
                },
            }
        ],
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": new_key(),
            "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
            "OIDC_RP_INITIATED_LOGOUT_ALWAYS_PROMPT": False,
            "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
            "SCOPES": {"openid": "", "email": "", "profile": ""},
            "OAUTH2_VALIDATOR_CLASS": "tests.support.oidc_urls.Validator",
        },
    )
    django.setup()


def fill(redirect_uris: str) -> None:
    """The tables, the people and the desk as a client."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from oauth2_provider.models import Application

    call_command("migrate", run_syncdb=True, verbosity=0)
    for name in USERNAMES:
        User.objects.create_user(name, f"{name}@desk.example", PASSWORD)
    Application.objects.create(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        hash_client_secret=False,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        algorithm=Application.RS256_ALGORITHM,
        redirect_uris=redirect_uris,
        post_logout_redirect_uris=redirect_uris,
        skip_authorization=True,
    )


class Server(ThreadingMixIn, WSGIServer):
    """A browser opens connections ahead of time: one must not wait for another."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """Nothing on standard error for each request."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until the process is ended."""
    configure(Path(sys.argv[1]))
    fill("http://localhost:8000/sign-in/provider/callback")
    from django.core.wsgi import get_wsgi_application

    server = make_server("127.0.0.1", 0, get_wsgi_application(), Server, Quiet)
    print(json.dumps({"port": server.server_port}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.modules["tests.support.oidc_server"] = sys.modules["__main__"]
    main()
