"""HTTP of the protocol that programs speak: token, revocation, introspection, userinfo, keys, metadata.

Bodies are those of RFC 6749 §5.2, not problem details: clients are written against that.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from authlib.oauth2 import OAuth2Error
from litestar import MediaType, Response, get, post
from litestar.params import RawBody
from litestar.types import ControllerRouterHandler

from identity.clients.service import find_client
from identity.grants import repository as grant_rows
from identity.oauth.edge import MalformedRequest, parse_parameters
from identity.oauth.keys import KeyRing
from identity.oauth.openapi import IntrospectionOperation, RevocationOperation, TokenOperation
from identity.oauth.rfc6749_code import CodeGrant, RequiredChallenge
from identity.oauth.rfc6749_refresh import RotatingRefreshGrant
from identity.oauth.rfc7009_revocation import Revocation
from identity.oauth.rfc7662_introspection import Introspection
from identity.oauth.rfc8414_metadata import metadata
from identity.oauth.rfc9068_access_token import read
from identity.oauth.server import Answer, ProtocolRequest, ProtocolServer
from identity.oauth.token_response import IdToken, TokenMaker, user_info
from kernel.errors import TooManyRequests, Unavailable
from kernel.house import House
from kernel.web.requests import WebRequest

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
FAILURES_PER_MINUTE = 60

Endpoint = Callable[[ProtocolServer, ProtocolRequest], Answer]


def protocol_handlers(house: House, keys: KeyRing) -> list[ControllerRouterHandler]:
    """The handlers of these endpoints, for this house."""

    @post("/token", status_code=200, sync_to_thread=True, operation_class=TokenOperation, tags=["oauth"])
    def token(request: WebRequest, body: RawBody) -> Response[bytes]:
        """Exchange a code or a refresh token (RFC 6749 §3.2)."""
        return _answer_form(house, keys, request, body, _token)

    @post(
        "/revoke", status_code=200, sync_to_thread=True, operation_class=RevocationOperation, tags=["oauth"]
    )
    def revoke(request: WebRequest, body: RawBody) -> Response[bytes]:
        """Revoke a token (RFC 7009)."""
        return _answer_form(house, keys, request, body, _revoke)

    @post(
        "/introspect",
        status_code=200,
        sync_to_thread=True,
        operation_class=IntrospectionOperation,
        tags=["oauth"],
    )
    def introspect(request: WebRequest, body: RawBody) -> Response[bytes]:
        """Ask about a token (RFC 7662)."""
        return _answer_form(house, keys, request, body, _introspect)

    @get("/userinfo", sync_to_thread=True, tags=["openid"])
    def userinfo(request: WebRequest) -> Response[bytes]:
        """Who the bearer's person is (OpenID Connect Core §5.3)."""
        return _userinfo(house, keys, request)

    @get("/jwks.json", sync_to_thread=True, tags=["openid"])
    def jwks() -> Response[bytes]:
        """The public keys (RFC 7517)."""
        return _json(200, keys.public_set(), {"Cache-Control": "public, max-age=15"})

    @get("/.well-known/openid-configuration", sync_to_thread=False, tags=["openid"])
    def discovery() -> Response[bytes]:
        """OpenID Connect Discovery 1.0."""
        return _json(200, metadata(house.settings), {"Cache-Control": "public, max-age=300"})

    return [token, revoke, introspect, userinfo, jwks, discovery]


def root_metadata_handler(house: House) -> ControllerRouterHandler:
    """The place RFC 8414 §3.1 gives an issuer with a path; mounted at the root of the origin."""

    @get(
        "/.well-known/oauth-authorization-server/identity",
        sync_to_thread=False,
        include_in_schema=False,
    )
    def server_metadata() -> Response[bytes]:
        return _json(200, metadata(house.settings), {"Cache-Control": "public, max-age=300"})

    return server_metadata


def _token(server: ProtocolServer, request: ProtocolRequest) -> Answer:
    id_token = IdToken(server)
    server.register_grant(CodeGrant, [RequiredChallenge(required=True), id_token])
    server.register_grant(RotatingRefreshGrant, [id_token.attach])
    maker: Any = TokenMaker(server, request)
    server.register_token_generator("default", maker)
    return server.answer_token_request(request)


def _revoke(server: ProtocolServer, request: ProtocolRequest) -> Answer:
    server.register_endpoint(Revocation)
    return server.answer_endpoint("revocation", request)


def _introspect(server: ProtocolServer, request: ProtocolRequest) -> Answer:
    server.register_endpoint(Introspection)
    return server.answer_endpoint("introspection", request)


def _answer_form(
    house: House, keys: KeyRing, request: WebRequest, body: RawBody, endpoint: Endpoint
) -> Response[bytes]:
    """Read the form, run the endpoint in one transaction, and answer as RFC 6749 says, whatever happens."""
    keys.active()  # loaded before the transaction, which cannot open another
    try:
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "application/x-www-form-urlencoded":
            raise MalformedRequest("The body must be application/x-www-form-urlencoded.")
        parameters = parse_parameters(body)
        protocol_request = ProtocolRequest("POST", parameters, request.headers)
        with house.database.write() as session:
            server = ProtocolServer(session, house=house, keys=keys, now=house.clock.now())
            answer = _refusals_answered(server, protocol_request, endpoint)
    except OAuth2Error as error:
        answer = Answer(*error()[:2])
    except (Unavailable, TooManyRequests) as error:
        later = {"Retry-After": str(error.retry_after or 2)}
        return _json(error.status, {"error": "temporarily_unavailable"}, {**NO_STORE, **later})
    if isinstance(answer.body, dict) and answer.body.get("error") == "invalid_client":
        return _refused_client(house, request, answer)
    return _json(answer.status, answer.body, {**answer.headers, **NO_STORE})


def _refusals_answered(server: ProtocolServer, request: ProtocolRequest, endpoint: Endpoint) -> Answer:
    """A refusal is an answer, and what it ended (a replayed code's tokens) must be committed."""
    try:
        return endpoint(server, request)
    except OAuth2Error as error:
        return server.refuse(error)


def _refused_client(house: House, request: WebRequest, answer: Answer) -> Response[bytes]:
    """Guessing secrets is slowed; a right secret is never held up by somebody else's guesses."""
    address = request.client.host if request.client else ""
    index = house.vault.blind_index(address, purpose="throttle/client").hex()[:32]
    failures = house.ephemeral.increment(f"oauth:failed:{index}", 60)
    if failures > FAILURES_PER_MINUTE:
        return _json(429, {"error": "temporarily_unavailable"}, {**NO_STORE, "Retry-After": "60"})
    challenge = {"WWW-Authenticate": 'Basic realm="dongchu"'}
    return _json(answer.status, answer.body, {**NO_STORE, **challenge})


def _userinfo(house: House, keys: KeyRing, request: WebRequest) -> Response[bytes]:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    now = house.clock.now()
    claims = read(token.strip(), house=house, keys=keys, now=now) if kind.lower() == "bearer" else None
    if claims is not None:
        with house.database.read() as session:
            grant = grant_rows.get(session, claims.grant)
            client = find_client(session, claims.client_id)
            if (
                grant is not None
                and client is not None
                and grant.ended_at is None
                and grant.expires_at > now
                and grant.epoch == claims.epoch
            ):
                if "openid" not in claims.scope.split():
                    return _bearer_error(403, "insufficient_scope")
                info = user_info(session, grant, client, claims.scope, vault=house.vault)
                return _json(200, dict(info), NO_STORE)
    return _bearer_error(401, "invalid_token")


def _bearer_error(status: int, error: str) -> Response[bytes]:
    """RFC 6750 §3."""
    return _json(status, {"error": error}, {**NO_STORE, "WWW-Authenticate": f'Bearer error="{error}"'})


def _json(status: int, body: Any, headers: dict[str, str]) -> Response[bytes]:
    kept = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    return Response(msgspec.json.encode(body), status_code=status, media_type=MediaType.JSON, headers=kept)
