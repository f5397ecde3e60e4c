"""HTTP of what bearers of tokens ask: userinfo, and the registration of clients by themselves."""

from typing import Any

from authlib.oauth2 import OAuth2Error
from litestar import Response, delete, get, post, put
from litestar.params import FromPath, RawBody
from litestar.types import ControllerRouterHandler

from identity.clients.sectors import check_sector
from identity.oauth import rfc7591_registration as registration
from identity.oauth.answers import NO_STORE, json_answer, refused
from identity.oauth.edge import parse_parameters
from identity.oauth.openapi import MetadataOperation, UserinfoOperation
from identity.oauth.openid_userinfo import InsufficientScope, user_info
from identity.oauth.provider import Provider
from identity.oauth.rfc7591_registration import ClientMetadata, RegistrationRefused, TicketRefused
from kernel.errors import InvalidInput, Unauthenticated
from kernel.web.bearer import possession_of
from kernel.web.requests import WebRequest

_LONGEST_TOKEN = 8192


def userinfo_handlers(provider: Provider) -> list[ControllerRouterHandler]:
    """``/userinfo`` (OpenID Connect Core §5.3)."""

    @get("/userinfo", sync_to_thread=True, tags=["openid"])
    def userinfo(request: WebRequest) -> Response[bytes]:
        """Who the bearer's person is."""
        return _userinfo(provider, request, "")

    @post(
        "/userinfo", status_code=200, sync_to_thread=True, operation_class=UserinfoOperation, tags=["openid"]
    )
    def userinfo_by_post(request: WebRequest, body: RawBody) -> Response[bytes]:
        """The same, with the token in the header or, alone, in a form (RFC 6750 §2.2)."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            form = parse_parameters(body) if kind == "application/x-www-form-urlencoded" else {}
        except OAuth2Error:
            return refused(400, "invalid_request")
        posted = form.get("access_token", "")
        if posted and "authorization" in request.headers:
            return refused(400, "invalid_request")
        return _userinfo(provider, request, posted)

    return [userinfo, userinfo_by_post]


def _userinfo(provider: Provider, request: WebRequest, posted: str) -> Response[bytes]:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    scheme = "DPoP" if kind.lower() == "dpop" else "Bearer"
    token = posted or (token.strip() if kind.lower() in ("bearer", "dpop") else "")
    if not token.isascii() or not 0 < len(token) <= _LONGEST_TOKEN:
        return refused(401, "invalid_token", scheme)
    try:
        info = user_info(provider, token, possession_of(request) if scheme == "DPoP" else None)
    except InsufficientScope:
        return refused(403, "insufficient_scope", scheme)
    except Unauthenticated:
        return refused(401, "invalid_token", scheme)
    if isinstance(info, str):
        return Response(info.encode(), media_type="application/jwt", headers=NO_STORE)
    return json_answer(200, info, NO_STORE)


def client_registration_handlers(provider: Provider) -> list[ControllerRouterHandler]:
    """``/clients`` (RFC 7591) and ``/clients/{client_id}`` (RFC 7592)."""

    @post("/clients", status_code=201, sync_to_thread=True, operation_class=MetadataOperation, tags=["oauth"])
    def register(request: WebRequest, body: RawBody) -> Response[bytes]:
        """Register a client with an initial access token."""

        def change() -> dict[str, Any]:
            with provider.house.database.read() as session:
                registration.check_ticket(session, provider, _bearer(request))
            metadata = _checked(provider, body)
            with provider.house.database.write() as session:
                return registration.register(session, provider, metadata, _bearer(request))

        return _answered(201, change)

    @get("/clients/{client_id:str}", sync_to_thread=True, tags=["oauth"])
    def registered(request: WebRequest, client_id: FromPath[str]) -> Response[bytes]:
        """A client's registration, for whoever holds its registration token."""

        def look() -> dict[str, Any]:
            with provider.house.database.read() as session:
                client = registration.owner_of(session, client_id, _bearer(request), provider.house.vault)
                return registration.shown(provider, client)

        return _answered(200, look)

    @put("/clients/{client_id:str}", sync_to_thread=True, operation_class=MetadataOperation, tags=["oauth"])
    def change_registration(request: WebRequest, body: RawBody, client_id: FromPath[str]) -> Response[bytes]:
        """Replace a registration as a whole."""

        def change() -> dict[str, Any]:
            house = provider.house
            with house.database.read() as session:
                registration.owner_of(session, client_id, _bearer(request), house.vault)
            metadata = _checked(provider, body)
            with house.database.write() as session:
                client = registration.owner_of(session, client_id, _bearer(request), house.vault)
                return registration.replace(session, provider, client, metadata)

        return _answered(200, change)

    @delete("/clients/{client_id:str}", status_code=200, sync_to_thread=True, tags=["oauth"])
    def withdraw_registration(request: WebRequest, client_id: FromPath[str]) -> Response[bytes]:
        """Withdraw a client; its tokens die."""

        def change() -> dict[str, Any]:
            with provider.house.database.write() as session:
                client = registration.owner_of(session, client_id, _bearer(request), provider.house.vault)
                registration.withdraw(session, provider, client)
            return {}

        return _answered(204, change)

    return [register, registered, change_registration, withdraw_registration]


def _checked(provider: Provider, body: bytes) -> ClientMetadata:
    """What stands alone, and what must be fetched, before any transaction. Raises ``RegistrationRefused``."""
    metadata = registration.read_metadata(body)
    try:
        check_sector(provider.outward, metadata.sector_identifier_uri, metadata.redirect_uris)
    except InvalidInput as error:
        raise RegistrationRefused(
            "invalid_client_metadata", "The sector_identifier_uri does not list the redirect_uris."
        ) from error
    return metadata


def _bearer(request: WebRequest) -> str:
    """Raises ``TicketRefused``."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.isascii() or not 0 < len(token) <= 256:
        raise TicketRefused
    return token.strip()


def _answered(status: int, do: Any) -> Response[bytes]:
    try:
        body = do()
    except TicketRefused:
        return refused(401, "invalid_token")
    except RegistrationRefused as error:
        told = {"error": error.error, "error_description": error.description}
        return json_answer(400, told, NO_STORE)
    if status == 204:
        return Response(b"", status_code=204, headers=NO_STORE)
    return json_answer(status, body, NO_STORE)
