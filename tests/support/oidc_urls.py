"""The addresses of the identity provider of tests, and the one thing it does besides what its library does: faults."""

import json
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView
from jwcrypto import jwk, jwt
from oauth2_provider.models import Application
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import oauth2_settings

from tests.support.oidc_account import CLIENT_SECRET
from tests.support.oidc_server import control, new_key


class Validator(OAuth2Validator):
    """The library's own, with claims about people; a test may have the finished token changed and signed anew."""

    oidc_claim_scope = None

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        """What the ID token and userinfo say of a person."""
        return {"email": request.user.email, "email_verified": True, "name": f"{request.user.username} of Acme"}

    def get_userinfo_claims(self, request: Any) -> dict[str, Any]:
        """The same, and what a test puts there only."""
        return {**super().get_userinfo_claims(request), **control.get("userinfo", {})}

    def finalize_id_token(self, id_token: Any, token: Any, token_handler: Any, request: Any) -> Any:
        """The library's token, or one with other claims or another signature."""
        text = super().finalize_id_token(id_token, token, token_handler, request)
        if not control:
            return text
        made = jwt.JWT(jwt=text, key=request.client.jwk_key)
        claims = json.loads(made.claims) | control.get("claims", {})
        for name in control.get("without", []):
            claims.pop(name, None)
        header = json.loads(made.header)
        key = request.client.jwk_key
        if control.get("forge") == "foreign":
            key = jwk.JWK.from_pem(new_key().encode())
        if control.get("forge") == "hmac":
            key = jwk.JWK(kty="oct", k=jwk.base64url_encode(CLIENT_SECRET))
            header = {"typ": "JWT", "alg": "HS256"}
        again = jwt.JWT(header=json.dumps(header), claims=json.dumps(claims))
        again.make_signed_token(key)
        return again.serialize()


@csrf_exempt
def change(request: HttpRequest) -> JsonResponse:
    """Take the faults that a test switches on; the former ones are over."""
    asked = json.loads(request.body)
    control.clear()
    if asked.pop("rotate", False):
        oauth2_settings.OIDC_RSA_PRIVATE_KEY = new_key()
    for application in Application.objects.all():
        application.redirect_uris = asked.pop("redirect_uris", application.redirect_uris)
        application.post_logout_redirect_uris = asked.pop("logout_uris", application.post_logout_redirect_uris)
        application.save()
    for name, email in asked.pop("emails", {}).items():
        User.objects.filter(username=name).update(email=email)
    control.update(asked)
    return JsonResponse(control)


urlpatterns = [
    path("control", change),
    path("moved/<path:rest>", RedirectView.as_view(url="/o/%(rest)s")),
    path("accounts/login/", LoginView.as_view(template_name="login.html")),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
]
