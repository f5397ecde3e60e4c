"""HTTP of the protocol that programs speak: token and its relatives, keys, metadata.

Bodies are those of RFC 6749 §5.2, not problem details: clients are written against that.
"""

from collections.abc import Callable
from typing import Any

from authlib.oauth2 import OAuth2Error
from litestar import Response, get, post
from litestar.params import RawBody
from litestar.types import ControllerRouterHandler

from identity.oauth import client_authentication, rfc8628_device, rfc9126_par
from identity.oauth.answers import NO_STORE, json_answer
from identity.oauth.edge import MalformedRequest, parse_parameters
from identity.oauth.openapi import (
    DeviceOperation,
    IntrospectionOperation,
    PushOperation,
    RevocationOperation,
    TokenOperation,
)
from identity.oauth.provider import Provider
from identity.oauth.rfc6749_client_credentials import ServiceGrant
from identity.oauth.rfc6749_code import CodeGrant, RequiredChallenge
from identity.oauth.rfc6749_refresh import RotatingRefreshGrant
from identity.oauth.rfc7009_revocation import Revocation
from identity.oauth.rfc7662_introspection import Introspection
from identity.oauth.rfc8414_metadata import metadata
from identity.oauth.rfc8628_device import DeviceGrant
from identity.oauth.rfc8693_exchange import ExchangeGrant
from identity.oauth.rfc9449_dpop import HEADER, Expected, InvalidProof
from identity.oauth.server import Answer, ProtocolRequest, ProtocolServer
from identity.oauth.sm2 import ALG as SM2SM3
from identity.oauth.token_response import IdToken, TokenMaker
from kernel.errors import TooManyRequests, Unavailable
from kernel.house import House
from kernel.web.requests import WebRequest

FAILURES_PER_MINUTE = 60
PUBLIC = {"Cache-Control": "public, max-age=300"}

Endpoint = Callable[[ProtocolServer, ProtocolRequest], Answer]


def protocol_handlers(provider: Provider) -> list[ControllerRouterHandler]:
    """The handlers of these endpoints, for this issuer."""

    @post("/token", status_code=200, sync_to_thread=True, operation_class=TokenOperation, tags=["oauth"])
    def token(request: WebRequest, body: RawBody) -> Response[bytes]:
        """Exchange what one has for tokens (RFC 6749 §3.2)."""
        return _answer_form(provider, request, body, "token", _token, takes_proof=True)

    @post(
        "/revoke", status_code=200, sync_to_thread=True, operation_class=RevocationOperation, tags=["oauth"]
    )
    def revoke(request: WebRequest, body: RawBody) -> Response[bytes]:
        """Revoke a token (RFC 7009)."""
        return _answer_form(provider, request, body, "revoke", _revoke)

    @post(
        "/introspect",
        status_code=200,
        sync_to_thread=True,
        operation_class=IntrospectionOperation,
        tags=["oauth"],
    )
    def introspect(request: WebRequest, body: RawBody) -> Response[bytes]:
        """Ask about a token (RFC 7662)."""
        return _answer_form(provider, request, body, "introspect", _introspect, is_read_only=True)

    @post("/par", status_code=201, sync_to_thread=True, operation_class=PushOperation, tags=["oauth"])
    def par(request: WebRequest, body: RawBody) -> Response[bytes]:
        """Leave an authorization request before sending the browser (RFC 9126)."""
        return _answer_form(provider, request, body, "par", rfc9126_par.push, takes_proof=True)

    @post(
        "/device_authorization",
        status_code=200,
        sync_to_thread=True,
        operation_class=DeviceOperation,
        tags=["oauth"],
    )
    def device_authorization(request: WebRequest, body: RawBody) -> Response[bytes]:
        """Codes for a device without a browser (RFC 8628 §3.1)."""
        return _answer_form(
            provider, request, body, "device_authorization", rfc8628_device.begin, takes_proof=True
        )

    @get("/jwks.json", sync_to_thread=True, tags=["openid"])
    def jwks() -> Response[bytes]:
        """The public keys (RFC 7517)."""
        return json_answer(200, provider.keys.public_set(), {"Cache-Control": "public, max-age=15"})

    @get("/jwks-sm2.json", sync_to_thread=True, tags=["openid"])
    def sm2_jwks() -> Response[bytes]:
        """The public SM2 keys, for clients that asked for signatures by SM2 over SM3."""
        return json_answer(200, provider.keys.public_set(SM2SM3), {"Cache-Control": "public, max-age=15"})

    @get("/.well-known/openid-configuration", sync_to_thread=False, tags=["openid"])
    def discovery() -> Response[bytes]:
        """OpenID Connect Discovery 1.0."""
        return json_answer(200, metadata(provider), PUBLIC)

    return [token, revoke, introspect, par, device_authorization, jwks, sm2_jwks, discovery]


def root_metadata_handler(provider: Provider) -> ControllerRouterHandler:
    """The place RFC 8414 §3.1 gives an issuer with a path; mounted at the root of the origin."""

    @get(
        "/.well-known/oauth-authorization-server/identity",
        sync_to_thread=False,
        include_in_schema=False,
    )
    def server_metadata() -> Response[bytes]:
        return json_answer(200, metadata(provider), PUBLIC)

    return server_metadata


def _token(server: ProtocolServer, request: ProtocolRequest) -> Answer:
    id_token = IdToken(server)
    server.register_grant(CodeGrant, [RequiredChallenge(required=True), id_token])
    server.register_grant(RotatingRefreshGrant, [id_token.attach])
    server.register_grant(DeviceGrant, [id_token.attach])
    server.register_grant(ServiceGrant)
    server.register_grant(ExchangeGrant)
    for grant in server.provider.grants:
        server.register_grant(grant)
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
    provider: Provider,
    request: WebRequest,
    body: RawBody,
    name: str,
    endpoint: Endpoint,
    *,
    takes_proof: bool = False,
    is_read_only: bool = False,
) -> Response[bytes]:
    """Read the form, run the endpoint in one transaction, and answer as RFC 6749 says, whatever happens."""
    house = provider.house
    provider.keys.load()
    nonce = {HEADER: provider.proofs.nonce()} if takes_proof and "dpop" in request.headers else {}
    try:
        parameters = _form_of(request, body)
        address = f"{house.settings.issuer}/{name}"
        jkt = _proven_key(provider, request, address) if takes_proof else None
        client_authentication.prepare(provider, parameters)
        asked = ProtocolRequest("POST", parameters, request.headers, jkt=jkt)
        doors = house.database
        with doors.read_once() if is_read_only else doors.write() as session:
            server = ProtocolServer(session, provider, now=house.clock.now())
            answer = _refusals_answered(server, asked, endpoint)
    except OAuth2Error as error:
        answer = Answer(*error()[:2])
    except (Unavailable, TooManyRequests) as error:
        later = {"Retry-After": str(error.retry_after or 2)}
        return json_answer(error.status, {"error": "temporarily_unavailable"}, {**NO_STORE, **later})
    if isinstance(answer.body, dict) and answer.body.get("error") == "invalid_client":
        return _refused_client(house, request, answer)
    return json_answer(answer.status, answer.body, {**answer.headers, **NO_STORE, **nonce})


def _form_of(request: WebRequest, body: bytes) -> dict[str, str]:
    """Raises ``MalformedRequest``."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise MalformedRequest("The body must be application/x-www-form-urlencoded.")
    return parse_parameters(body)


def _proven_key(provider: Provider, request: WebRequest, address: str) -> str | None:
    """The thumbprint of the key whose possession was proved, ``None`` without a proof. Raises ``InvalidProof``."""
    proofs: list[str] = request.headers.getall("dpop", list[str]())
    if not proofs:
        return None
    if len(proofs) > 1:
        raise InvalidProof("There must be one DPoP header.")
    return provider.proofs.thumbprint(proofs[0], Expected("POST", address, needs_nonce=True))


def _refusals_answered(server: ProtocolServer, request: ProtocolRequest, endpoint: Endpoint) -> Answer:
    """A refusal is an answer, and what it ended (a replayed code's tokens) must be committed."""
    try:
        return endpoint(server, request)
    except OAuth2Error as error:
        error.redirect_uri = None  # here a program listens, not a browser
        return server.refuse(error)


def _refused_client(house: House, request: WebRequest, answer: Answer) -> Response[bytes]:
    """Guessing secrets is slowed; a right secret is never held up by somebody else's guesses."""
    address = request.client.host if request.client else ""
    index = house.vault.blind_index(address, purpose="throttle/client").hex()[:32]
    failures = house.ephemeral.increment(f"oauth:failed:{index}", 60)
    if failures > FAILURES_PER_MINUTE:
        return json_answer(429, {"error": "temporarily_unavailable"}, {**NO_STORE, "Retry-After": "60"})
    challenge = {"WWW-Authenticate": 'Basic realm="dongchu"'}
    return json_answer(answer.status, answer.body, {**NO_STORE, **challenge})
