"""How an endpoint is declared: one line says its address, who may use it, and what goes in and out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, get_type_hints

from pydantic import BaseModel
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.runtime import Runtime

Function = Callable[..., BaseModel]


class FileAnswer(BaseModel):
    """A file in the place of JSON. Which kinds it may be of, its class says."""

    media_types: ClassVar[tuple[str, ...]] = ()
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """One request under way: who asks, when, and the snapshot or the transaction it works in."""

    session: Session
    actor: Actor
    at: datetime
    runtime: Runtime


@dataclass(frozen=True)
class Endpoint:
    """An address of the API. A write runs in one transaction, with its idempotency key."""

    method: str
    path: str
    permission: str
    function: Function
    tag: str
    status: int = 200
    location: str | None = None
    """Where what was made is found, as a format of the answer's fields."""
    precheck: Callable[[Any], None] | None = None
    """Called with the body before the transaction is opened: asks who is there once more."""
    post_commit: Callable[[Runtime, Actor, Any], Any] | None = None
    """Called with the answer once the transaction is committed: what needs the outside is done there, harmlessly again
    for a request that is sent again, and gives the answer anew."""
    may_conflict: bool = False
    """Whether a read is refused while things are not as they have to be; every write may be."""
    secret_fields: frozenset[str] = frozenset()
    """Fields of the answer that are shown once and never kept, not even to answer the same request again."""

    @property
    def name(self) -> str:
        """The operation's name."""
        return self.function.__name__

    @property
    def writes(self) -> bool:
        """Whether it changes anything."""
        return self.method != "GET"

    @property
    def answer(self) -> type[BaseModel]:
        """The shape of its answer."""
        shape: type[BaseModel] = get_type_hints(self.function)["return"]
        return shape

    def takes(self, what: str) -> type[BaseModel] | None:
        """The shape of its `body` or its `query`, when it takes one."""
        return get_type_hints(self.function).get(what)


class Endpoints:
    """The endpoints of one noun."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self._declared: list[Endpoint] = []

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self._declared)

    def get(self, path: str, permission: str, *, may_conflict: bool = False) -> Callable[[Function], Function]:
        """Declare a read: `function(call, <parts of the path>, query=…)`.

        One that `may_conflict` raises Conflict where things are not as they have to be for it.
        """
        return self._declare("GET", path, permission, may_conflict=may_conflict)

    def post(
        self,
        path: str,
        permission: str,
        *,
        status: int = 200,
        location: str | None = None,
        precheck: Callable[[Any], None] | None = None,
        post_commit: Callable[[Runtime, Actor, Any], Any] | None = None,
        secret_fields: Iterable[str] = (),
    ) -> Callable[[Function], Function]:
        """Declare a write: `function(call, <parts of the path>, body=…)`."""
        more = {"precheck": precheck, "post_commit": post_commit, "secret_fields": frozenset(secret_fields)}
        return self._declare("POST", path, permission, status=status, location=location, **more)

    def put(
        self, path: str, permission: str, *, precheck: Callable[[Any], None] | None = None
    ) -> Callable[[Function], Function]:
        """Declare a write that sets something as a whole."""
        return self._declare("PUT", path, permission, precheck=precheck)

    def delete(self, path: str, permission: str) -> Callable[[Function], Function]:
        """Declare a write that ends something."""
        return self._declare("DELETE", path, permission)

    def _declare(self, method: str, path: str, permission: str, **more: Any) -> Callable[[Function], Function]:
        def declare(function: Function) -> Function:
            self._declared.append(Endpoint(method, path, permission, function, self._tag, **more))
            return function

        return declare
