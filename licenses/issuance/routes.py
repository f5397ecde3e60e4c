"""HTTP of the issuer, as wallets speak it; bodies and codes are those of OpenID4VCI 1.0, not problem details."""

from collections.abc import Callable
from typing import Any

import msgspec
from authlib.oauth2 import OAuth2Error
from litestar import MediaType, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody
from litestar.types import ControllerRouterHandler

from identity.oauth.edge import parse_parameters
from identity.oauth.rfc9449_dpop import ALGS
from kernel.errors import NotFound, Unauthenticated
from kernel.house import House
from kernel.web.bearer import ResolveToken, possession_of
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from licenses.issuance import offers, proofs, requests, tokens, wallets
from licenses.issuance.errors import ProtocolError, invalid_token
from licenses.issuance.metadata import (
    authorization_server_metadata,
    issuer_metadata,
    signed_issuer_metadata,
    vc_issuer_metadata,
)
from licenses.issuance.offers import Allowed
from licenses.issuance.openapi import CredentialOperation, NotificationOperation, TokenOperation

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
KEPT = {"Cache-Control": "public, max-age=300"}


def refused(request: WebRequest, error: ProtocolError) -> Response[bytes]:
    """A refusal as the specification words it, in the scheme that the wallet used."""
    headers = dict(NO_STORE)
    if error.status == 401 or error.challenge:
        is_bound = request.headers.get("authorization", "").lower().startswith("dpop ")
        scheme, told = ("DPoP", f'algs="{" ".join(ALGS)}"') if is_bound else ("Bearer", "")
        named = f'error="{error.challenge}"' if error.challenge else ""
        headers["WWW-Authenticate"] = " ".join([scheme, ", ".join(filter(None, (named, told)))]).strip()
    return _json(error.body, error.status, headers)


REFUSALS: Any = {ProtocolError: refused}


@get("/issuance/offers/{reference:str}", sync_to_thread=True, tags=["wallets"])
def credential_offer(house: NamedDependency[House], reference: FromPath[str]) -> Response[bytes]:
    """A credential offer by reference (OpenID4VCI §4.1.3), until its code is used or ten minutes have passed."""
    document = offers.document_at(house, reference)
    if document is None:
        raise NotFound("这个添加码已用过或已过期，请在证照页面重新生成。")
    return _json(document)


@post(
    "/issuance/token",
    sync_to_thread=True,
    status_code=200,
    tags=["wallets"],
    operation_class=TokenOperation,
    exception_handlers=REFUSALS,
)
def token(request: WebRequest, house: NamedDependency[House], body: RawBody) -> Response[bytes]:
    """Exchange the pre-authorised code of an offer (OpenID4VCI §6)."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise ProtocolError("invalid_request", "The body must be application/x-www-form-urlencoded.")
    try:
        parameters = parse_parameters(body)
    except OAuth2Error as error:
        raise ProtocolError("invalid_request", error.description or "The request cannot be read.") from error
    jkt = tokens.proven_key(house, request.headers.getall("dpop", list[str]()))
    return _json(tokens.exchange(house, parameters, jkt=jkt))


@post("/issuance/nonce", sync_to_thread=True, status_code=200, tags=["wallets"])
def nonce(house: NamedDependency[House]) -> Response[bytes]:
    """A fresh ``c_nonce`` (OpenID4VCI §7)."""
    return _json({"c_nonce": proofs.new_nonce(house, house.clock.now())})


@post(
    "/issuance/credential",
    sync_to_thread=True,
    status_code=200,
    tags=["wallets"],
    operation_class=CredentialOperation,
    exception_handlers=REFUSALS,
)
def credential(
    request: WebRequest, house: NamedDependency[House], resolve: NamedDependency[ResolveToken], body: RawBody
) -> Response[bytes]:
    """Copies of a licence for the keys that the wallet proves to hold (OpenID4VCI §8)."""
    bearer = _bearer(house, resolve, request)
    wanted = requests.read_request(body)
    with house.database.write() as session:
        return _json(requests.answer(session, house, bearer, wanted))


@post(
    "/issuance/notification",
    sync_to_thread=True,
    status_code=204,
    tags=["wallets"],
    operation_class=NotificationOperation,
    exception_handlers=REFUSALS,
)
def notification(
    request: WebRequest, house: NamedDependency[House], resolve: NamedDependency[ResolveToken], body: RawBody
) -> None:
    """What became of the copies (OpenID4VCI §11); those that the wallet did not keep are invalid at once."""
    bearer = _bearer(house, resolve, request)
    try:
        told = msgspec.json.decode(body, type=requests.NotificationRequest)
    except msgspec.DecodeError as error:
        raise ProtocolError("invalid_notification_request", "The request cannot be read.") from error
    if told.event not in wallets.EVENTS:
        raise ProtocolError("invalid_notification_request", "The event is not one of the three.")
    with house.database.write() as session:
        wallets.hear(session, house, bearer, told.notification_id, told.event)


def root_metadata_handlers(house: House) -> list[ControllerRouterHandler]:
    """The places that the specifications give an issuer with a path; mounted at the root of the origin."""

    @get("/.well-known/openid-credential-issuer/licenses", sync_to_thread=True, include_in_schema=False)
    def credential_issuer(request: WebRequest) -> Response[bytes]:
        """§12.2.2: JSON, or signed for who asks for it before JSON."""
        if _prefers_jwt(request.headers.get("accept", "")):
            with house.database.read() as session:
                signed = signed_issuer_metadata(session, house)
            return Response(signed.encode(), media_type="application/jwt", headers=KEPT | {"Vary": "Accept"})
        return _json(issuer_metadata(house), headers=KEPT | {"Vary": "Accept"})

    @get("/.well-known/oauth-authorization-server/licenses", sync_to_thread=True, include_in_schema=False)
    def authorization_server() -> Response[bytes]:
        return _json(authorization_server_metadata(house), headers=KEPT)

    @get("/.well-known/jwt-vc-issuer/licenses", sync_to_thread=True, include_in_schema=False)
    def vc_issuer() -> Response[bytes]:
        with house.database.read() as session:
            return _json(vc_issuer_metadata(session, house), headers=KEPT)

    return [credential_issuer, authorization_server, vc_issuer]


def _bearer(house: House, resolve: ResolveToken, request: WebRequest) -> Allowed | Principal:
    """What the access token stands for: one licence by our own word, or what its holder let a wallet have."""
    kind, _space, presented = request.headers.get("authorization", "").partition(" ")
    token = presented.strip()
    if not token:
        raise ProtocolError("invalid_token", "An access token is needed.", status=401)
    if kind.lower() not in ("bearer", "dpop") or not token.isascii() or len(token) > tokens.LONGEST:
        raise invalid_token("The access token cannot be read.")
    possession = possession_of(request) if kind.lower() == "dpop" else None
    allowed = tokens.allowed_by(house, token, possession)
    if allowed is not None:
        return allowed
    try:
        return resolve(token, possession)
    except Unauthenticated as error:
        raise invalid_token("The access token is unknown or has expired.") from error


def _prefers_jwt(accept: str) -> bool:
    """Whether ``application/jwt`` stands before any mention of JSON."""
    names = [one.partition(";")[0].strip().lower() for one in accept.split(",")]
    first = next((one for one in names if one in ("application/jwt", "application/json", "*/*")), "")
    return first == "application/jwt"


def _json(body: object, status: int = 200, headers: dict[str, str] = NO_STORE) -> Response[bytes]:
    return Response(msgspec.json.encode(body), status_code=status, media_type=MediaType.JSON, headers=headers)


HANDLERS: list[Callable[..., Any] | Any] = [credential_offer, token, nonce, credential, notification]
