"""API tokens over HTTP, for who may manage them."""

from typing import Annotated

from pydantic import Field

from webapp.api.framework.reauthentication import Reauthentication, require_reauthentication
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import (
    Currency,
    Instant,
    MinorUnits,
    Name,
    NewestFirst,
    Page,
    RequestInstant,
    ResponseModel,
    ShortText,
    to_page,
)
from webapp.domain.permissions import SCOPES
from webapp.services.users import api_tokens

endpoints = Endpoints("tokens")


class TokenShape(ResponseModel):
    """A token without its secret."""

    id: int
    name: str
    prefix: str
    scopes: list[str]
    daily_limits: dict[str, int] | None
    owner: str
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None
    revoked_at: Instant | None


class NewTokenShape(TokenShape):
    """A token with its secret, which is shown this once and never again."""

    token: str | None


Scope = Annotated[ShortText, Field(json_schema_extra={"enum": list(SCOPES)})]


class NewToken(Reauthentication):
    """What the token is for, and what it may do."""

    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=20)]
    expires_at: RequestInstant | None = None
    daily_limits: Annotated[
        dict[Currency, Annotated[MinorUnits, Field(ge=1)]],
        Field(description="With the scope `parties:money`: the most it may book a day, minor units by currency."),
    ] = {}


@endpoints.get("/api/v1/tokens", "token:manage")
def list_tokens(call: Call, query: NewestFirst) -> Page[TokenShape]:
    """Tokens, newest first."""
    found = api_tokens.page(call.session, before=query.before, limit=query.limit + 1)
    return to_page(found, query, TokenShape.model_validate)


@endpoints.post(
    "/api/v1/tokens", "token:manage", status=201, precheck=require_reauthentication, secret_fields=["token"]
)
def create_token(call: Call, body: NewToken) -> NewTokenShape:
    """Make a token. The same request sent again by its Idempotency-Key is answered without the secret."""
    made, secret = api_tokens.create(
        call.session,
        name=body.name,
        scopes=body.scopes,
        expires_at=body.expires_at,
        at=call.at,
        actor=call.actor,
        daily_limits=body.daily_limits,
    )
    return NewTokenShape(**TokenShape.model_validate(made).model_dump(), token=secret)


@endpoints.post("/api/v1/tokens/<id:token_id>/revoke", "token:manage")
def revoke_token(call: Call, token_id: int) -> TokenShape:
    """End a token at once; twice is harmless."""
    return TokenShape.model_validate(api_tokens.revoke(call.session, token_id, at=call.at, actor=call.actor))
