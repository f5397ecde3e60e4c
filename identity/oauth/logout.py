"""What a logout request asks for (OpenID Connect RP-Initiated Logout 1.0 §2), and whether it may have it."""

import uuid
from dataclasses import dataclass

from authlib.common.urls import add_params_to_uri
from sqlalchemy.orm import Session

from identity.clients.models import OAuthClient
from identity.clients.service import find_client
from identity.oauth.keys import ALGS, KeyRing
from identity.oauth.openid_subjects import sid_behind
from kernel.house import House


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """``sid`` is set when the client proved by an id_token which sign-in it means.

    ``redirect_uri`` is one of the client's own; without a proven sign-in it counts only once the person confirmed.
    """

    sid: uuid.UUID | None = None
    redirect_uri: str = ""
    is_refused: bool = False


def read_logout(
    session: Session, parameters: dict[str, str], *, house: House, keys: KeyRing
) -> LogoutRequest:
    """An expired id_token still proves (§2); a false one ends the request."""
    hint = parameters.get("id_token_hint")
    if hint is None:
        client = find_client(session, parameters.get("client_id", ""))
        return LogoutRequest(redirect_uri=_way_back(client, parameters))
    claims = keys.verified(hint, "JWT", ALGS)
    if claims is None or claims.get("iss") != house.settings.issuer:
        return LogoutRequest(is_refused=True)
    client_id = str(claims.get("aud", ""))
    if parameters.get("client_id", client_id) != client_id:
        return LogoutRequest(is_refused=True)
    client = session.get(OAuthClient, client_id)
    if client is None:
        return LogoutRequest(is_refused=True)
    try:
        sid = sid_behind(house.vault, client, str(claims.get("sid")))
    except ValueError:
        return LogoutRequest(is_refused=True)
    return LogoutRequest(sid=sid, redirect_uri=_way_back(client, parameters))


def _way_back(client: OAuthClient | None, parameters: dict[str, str]) -> str:
    """Exactly as registered (§3.1), or nowhere."""
    wanted = parameters.get("post_logout_redirect_uri", "")
    if client is None or client.is_suspended or wanted not in client.post_logout_redirect_uris:
        return ""
    state = parameters.get("state")
    return add_params_to_uri(wanted, [("state", state)]) if state else wanted
