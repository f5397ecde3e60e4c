"""What a logout request asks for (OpenID Connect RP-Initiated Logout 1.0 §2), and whether it may have it."""

import uuid
from dataclasses import dataclass

from authlib.common.urls import add_params_to_uri
from sqlalchemy.orm import Session

from identity.clients.service import find_client
from identity.oauth.keys import KeyRing
from identity.oauth.rfc9068_access_token import verified_claims
from kernel.house import House


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """``sid`` is set when the client proved by an id_token which sign-in it means."""

    sid: uuid.UUID | None = None
    redirect_uri: str = ""
    is_refused: bool = False


def read_logout(
    session: Session, parameters: dict[str, str], *, house: House, keys: KeyRing
) -> LogoutRequest:
    """An expired id_token still proves (§2). Without a valid one nobody is redirected (§3)."""
    hint = parameters.get("id_token_hint")
    if hint is None:
        return LogoutRequest()
    claims = verified_claims(hint, "JWT", keys)
    if claims is None or claims.get("iss") != house.settings.issuer:
        return LogoutRequest(is_refused=True)
    client_id = str(claims.get("aud", ""))
    if parameters.get("client_id", client_id) != client_id:
        return LogoutRequest(is_refused=True)
    try:
        sid = uuid.UUID(str(claims.get("sid")))
    except ValueError:
        return LogoutRequest(is_refused=True)
    client = find_client(session, client_id)
    wanted = parameters.get("post_logout_redirect_uri", "")
    if client is None or wanted not in client.post_logout_redirect_uris:
        return LogoutRequest(sid=sid)
    state = parameters.get("state")
    return LogoutRequest(
        sid=sid, redirect_uri=add_params_to_uri(wanted, [("state", state)]) if state else wanted
    )
