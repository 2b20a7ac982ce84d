"""The password or the code asked again of a person; a token has none, and is held to its scopes."""

from typing import Annotated

from pydantic import Field

from webapp.api.framework.schemas import Password, RequestModel
from webapp.security.context import current_principal
from webapp.security.reauthentication import reauthenticate


class Reauthentication(RequestModel):
    """A body that also carries the password."""

    password: Annotated[
        Password | None,
        Field(description="The password, or a code, of the person who asks. A token leaves it out."),
    ] = None


def require_reauthentication(body: Reauthentication) -> None:
    """Raise unless it is a token, or the password fits."""
    principal = current_principal()
    if principal is not None and principal.is_person:
        reauthenticate(body.password)
