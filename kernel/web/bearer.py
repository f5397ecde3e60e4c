"""From a bearer token or a portal's cookie to a ``Principal``, and guards that say in one line who may.

@get("/claims", guards=[require(duty="claim.decide", scope="zhengtong")], sync_to_thread=True)
def list_claims(principal: Principal) -> ...
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol, TypeAlias, cast, runtime_checkable

import anyio
import msgspec
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler

from kernel.errors import CapacityLost, Forbidden, Unauthenticated
from kernel.web.principal import Capacity, Duty, Principal
from kernel.web.requests import WebRequest

#: A request or a socket, whatever its app keeps in it.
Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]
_KEPT = "dongchu.principal"
_LONGEST_TOKEN = 8192


#: Renewing a session's tokens asks the issuer, which may be this very process. These threads are apart from those
#: that serve handlers, so that waiting for an answer can never take the thread that would give it.
_ASKING = anyio.CapacityLimiter(24)


class Possession(msgspec.Struct, frozen=True, kw_only=True):
    """What comes with a token that is bound to a key (DPoP, RFC 9449 §7): the proof, and the request it is about."""

    proof: str
    method: str
    path: str


@runtime_checkable
class ResolveToken(Protocol):
    """Identity's part: the token's Principal as of now, or ``Unauthenticated``."""

    def __call__(self, token: str, possession: Possession | None = None) -> Principal: ...


class TokenOfSession(Protocol):
    """The access token behind a portal's cookie, ``None`` without a session; renewed first if that is allowed."""

    def __call__(self, connection: Connection, *, may_renew: bool) -> str | None: ...


class Doorkeeper:
    """One per app, at ``app.state.doorkeeper``; what it finds is kept for the length of one request and no longer."""

    def __init__(self, resolve: ResolveToken, token_of_session: TokenOfSession | None = None) -> None:
        self._resolve = resolve
        self._token_of_session = token_of_session

    def principal_of(self, connection: Connection, *, may_renew: bool) -> Principal:
        """Raises ``Unauthenticated``. A token in the header, where sent, is the only thing that counts."""
        scope = cast(dict[str, Any], connection.scope)
        kept = scope.get(_KEPT)
        if kept is None:
            kept = scope[_KEPT] = self._resolve(*self._token_of(connection, may_renew))
        return kept

    def _token_of(self, connection: Connection, may_renew: bool) -> tuple[str, Possession | None]:
        header = connection.headers.get("authorization")
        if header is not None:
            kind, _, token = header.partition(" ")
            token = token.strip()
            if (
                kind.lower() not in ("bearer", "dpop")
                or not token.isascii()
                or not 0 < len(token) <= _LONGEST_TOKEN
            ):
                raise Unauthenticated("请求中的访问令牌格式不对，应为 Authorization: Bearer <令牌>。")
            return token, possession_of(connection) if kind.lower() == "dpop" else None
        token = self._token_of_session(connection, may_renew=may_renew) if self._token_of_session else None
        if token is None:
            raise Unauthenticated("请先登录，再继续办理。")
        return token, None


def possession_of(connection: Connection) -> Possession:
    """The proof sent along; two of them are as good as none (RFC 9449 §4.3)."""
    proofs: list[str] = connection.headers.getall("dpop", list[str]())
    return Possession(
        proof=proofs[0] if len(proofs) == 1 else "",
        method=str(connection.scope.get("method", "GET")),
        path=connection.url.path,
    )


async def principal_of(connection: Connection) -> Principal:
    """Who is asking. Raises ``Unauthenticated``."""
    doorkeeper: Doorkeeper = connection.app.state.doorkeeper
    ask = partial(doorkeeper.principal_of, connection, may_renew=True)
    return await anyio.to_thread.run_sync(ask, limiter=_ASKING)


async def visitor_of(connection: Connection) -> Principal | None:
    """Who is asking, if they are signed in at all."""
    try:
        return await principal_of(connection)
    except (Unauthenticated, CapacityLost):
        return None


async def _provide_principal(request: WebRequest) -> Principal:
    return await principal_of(request)


async def _provide_visitor(request: WebRequest) -> Principal | None:
    return await visitor_of(request)


#: For ``Litestar(dependencies=…)``: handlers name ``principal`` (must be signed in) or ``visitor`` (may be).
DEPENDENCIES = {"principal": Provide(_provide_principal), "visitor": Provide(_provide_visitor)}


def require(
    *, duty: Duty | None = None, scope: str | None = None, capacity: Capacity | None = None
) -> Callable[[Connection, BaseRouteHandler], Awaitable[None]]:
    """A guard: signed in, and with this duty, scope and capacity. Raises ``Unauthenticated`` or ``Forbidden``."""

    async def guard(connection: Connection, _handler: BaseRouteHandler) -> None:
        principal = await principal_of(connection)
        if capacity is not None and principal.capacity != capacity:
            raise Forbidden("请先切换到合适的身份，再办理这件事。")
        if scope is not None and not principal.has_scope(scope):
            raise Forbidden("这次登录没有授权办理此事，请重新登录后再试。")
        if duty is not None and not principal.has_duty(duty):
            raise Forbidden("您当前的席位没有这项职责。如有需要，请联系本单位管理员。")

    return guard


__all__ = [
    "DEPENDENCIES",
    "Connection",
    "Doorkeeper",
    "Possession",
    "ResolveToken",
    "possession_of",
    "principal_of",
    "require",
    "visitor_of",
]
