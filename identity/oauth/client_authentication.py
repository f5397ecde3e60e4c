"""Which client is speaking (RFC 6749 §2.3): one method per request, and one answer to everybody who fails."""

from datetime import datetime

from authlib.oauth2.rfc6749 import InvalidClientError
from sqlalchemy.orm import Session

from identity.clients.models import OAuthClient
from identity.clients.service import find_client, has_secret
from identity.oauth import rfc7523_assertion
from identity.oauth.edge import MalformedRequest, basic_credentials
from identity.oauth.provider import Provider
from identity.oauth.requests import ProtocolRequest

SECRETS = ("client_secret_basic", "client_secret_post")


def prepare(provider: Provider, parameters: dict[str, str]) -> None:
    """Before the transaction: have the keys at hand that an assertion will be checked with."""
    assertion = parameters.get("client_assertion")
    if assertion is None:
        return
    client_id, kid = rfc7523_assertion.claimed_client(assertion)
    with provider.house.database.read() as session:
        client = find_client(session, client_id) if client_id else None
    if client is not None:
        provider.client_keys.prepare(client, kid)


def authenticate(
    session: Session, request: ProtocolRequest, provider: Provider, now: datetime
) -> OAuthClient:
    """The client, proved. Raises ``InvalidClientError``, or ``MalformedRequest`` for two proofs at once."""
    method, client_id, proof = presented(request)
    client = find_client(session, client_id)
    if client is None or not _is_right(client, method, proof, provider, now):
        raise refusal()
    request.auth_method = method
    return client


def refusal() -> InvalidClientError:
    return InvalidClientError(status_code=401, description="Client authentication failed.")


def presented(request: ProtocolRequest) -> tuple[str, str, str]:
    """Method, client id and proof. Raises ``MalformedRequest``."""
    form = request.form
    basic = basic_credentials(request.headers or {})
    secret, assertion = form.get("client_secret"), form.get("client_assertion")
    if sum(one is not None for one in (basic, secret, assertion)) > 1:
        raise MalformedRequest("More than one way of client authentication was used.")
    named = form.get("client_id")
    if basic is not None:
        method, client_id, proof = "client_secret_basic", *basic
    elif assertion is not None:
        if form.get("client_assertion_type") != rfc7523_assertion.TYPE:
            raise MalformedRequest("The client_assertion_type is not supported.")
        method, client_id, proof = (
            "private_key_jwt",
            rfc7523_assertion.claimed_client(assertion)[0],
            assertion,
        )
    elif secret is not None:
        method, client_id, proof = "client_secret_post", named or "", secret
    else:
        method, client_id, proof = "none", named or "", ""
    if named is not None and named != client_id and client_id:
        raise MalformedRequest("Two different clients are named.")
    return method, client_id, proof


def _is_right(
    client: OAuthClient,
    method: str,
    proof: str,
    provider: Provider,
    now: datetime,
) -> bool:
    """By the registered method only; the two ways to send a secret prove the same."""
    if client.auth_method in SECRETS:
        return method in SECRETS and has_secret(client, proof, provider.house.vault, now)
    if client.auth_method != method:
        return False
    if method == "none":
        return True
    return rfc7523_assertion.is_proven(
        client,
        proof,
        keys=provider.client_keys,
        house=provider.house,
        now=now,
    )
