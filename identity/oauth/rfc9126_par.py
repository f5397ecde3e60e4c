"""Pushed authorization requests (RFC 9126): the client leaves its request with us first and sends the browser with a
handle. Nothing of it then passes through the browser, and nobody there can change it.

A handle is good for minutes, for its client, until it is answered: the pages between (sign in, choose, consent) may be
reloaded, but a second answer there is not.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from authlib.oauth2.rfc6749 import InvalidRequestError
from sqlalchemy.orm import Session

from identity.oauth import client_authentication, repository
from identity.oauth.authorize import Authorization
from identity.oauth.models import PushedRequest
from identity.oauth.requests import Answer, ProtocolRequest
from identity.oauth.server import ProtocolServer
from kernel.crypto import SealBroken, Vault
from kernel.ids import new_token

PREFIX = "urn:ietf:params:oauth:request_uri:"
LIFETIME = timedelta(seconds=540)
#: What proves the client; it is no part of the request.
_PROOFS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


@dataclass(frozen=True, slots=True)
class Pushed:
    """A request as its client left it, and when."""

    request_hash: bytes
    parameters: dict[str, str]
    at: datetime


def push(server: ProtocolServer, request: ProtocolRequest) -> Answer:
    """The endpoint: the request is judged as it would be at the authorization endpoint, and kept."""
    client = client_authentication.authenticate(server.session, request, server.provider, server.now)
    if "request_uri" in request.form:
        raise InvalidRequestError("A pushed request must not name a request_uri.")
    parameters = {name: value for name, value in request.form.items() if name not in _PROOFS}
    parameters["client_id"] = client.client_id
    if request.jkt is not None:
        if parameters.get("dpop_jkt", request.jkt) != request.jkt:
            raise InvalidRequestError("The dpop_jkt is not that of the proof.")  # RFC 9449 §10.1
        parameters["dpop_jkt"] = request.jkt
    Authorization(server, parameters, pushed_at=server.now).check()
    token, vault = new_token(), server.house.vault
    request_hash = _hash(vault, token)
    repository.add(
        server.session,
        PushedRequest(
            request_hash=request_hash,
            client_id=client.client_id,
            parameters_sealed=vault.seal(
                msgspec.json.encode(parameters).decode(), context=_place(request_hash)
            ),
            expires_at=server.now + LIFETIME,
            consumed_at=None,
        ),
    )
    return Answer(201, {"request_uri": f"{PREFIX}{token}", "expires_in": int(LIFETIME.total_seconds())})


def find_pushed(
    session: Session, parameters: dict[str, str], *, vault: Vault, now: datetime
) -> Pushed | None:
    """The request behind the handle in an address; ``None`` when it is spent, too old or another client's."""
    token = parameters.get("request_uri", "").removeprefix(PREFIX)
    row = repository.pushed_request_of(session, _hash(vault, token), parameters.get("client_id", ""), now)
    if row is None:
        return None
    try:
        text = vault.open(row.parameters_sealed, context=_place(row.request_hash))
    except SealBroken:
        return None
    known = msgspec.json.decode(text, type=dict[str, str])
    return Pushed(row.request_hash, known, row.expires_at - LIFETIME)


def _hash(vault: Vault, token: str) -> bytes:
    return vault.hash_token(f"pushed/{token}")


def _place(request_hash: bytes) -> str:
    return f"pushed_request/parameters_sealed/{request_hash.hex()}"
