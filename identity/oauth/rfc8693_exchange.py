"""Token exchange (RFC 8693): a service that was called with a person's token calls the next one with a narrower one.

Nothing widens: not scope, audience, time, level or capacity, and the chain of those who act grows by one (``act``). A
client may exchange tokens that were given to it or meant for it, and those only. The new token hangs on a grant of its
own, which ends with the one it came from: sign-out, withdrawal and suspension reach every link.
"""

from datetime import datetime, timedelta
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc6749.errors import InvalidGrantError

from identity.clients.models import OAuthClient
from identity.clients.schemas import EXCHANGE
from identity.grants.models import OAuthGrant
from identity.oauth.audiences import audience_asked
from identity.oauth.granting import Allowed, open_child
from identity.oauth.presented import PresentedToken, find_presented
from identity.oauth.rfc9068_access_token import mint
from identity.oauth.rfc9396_details import narrowed
from identity.oauth.rfc9449_dpop import require_proof, token_type
from identity.oauth.token_grant import TokenGrant

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name
JWT = "urn:ietf:params:oauth:token-type:jwt"
LONGEST_CHAIN = 4
LIFETIME = timedelta(minutes=5)


class ExchangeGrant(TokenGrant):
    """Only for clients that can prove who they are and were registered for it."""

    GRANT_TYPE = EXCHANGE
    _client: OAuthClient

    def validate_token_request(self) -> None:
        self._client = self.authenticated_client(must_be_proven=True)
        require_proof(self._client, self.asked.jkt)
        form = self.asked.form
        if form.get("subject_token_type") not in (ACCESS_TOKEN, JWT) or not form.get("subject_token"):
            raise InvalidRequestError("A subject_token of type access_token is required.")
        if form.get("requested_token_type", ACCESS_TOKEN) not in (ACCESS_TOKEN, JWT):
            raise InvalidRequestError("Only access tokens are issued here.")

    def create_token_response(self) -> Any:
        server, form, client = self.server, self.asked.form, self._client
        subject, parent = self._subject(client)
        self._check_actor(client)
        scope = _narrower_scope(form.get("scope"), subject, client)
        asked = server.provider.details.read(form.get("authorization_details"), client)
        details = narrowed(asked, subject.claims.get("authorization_details"))
        audience = audience_asked(form, client, server.house.settings)
        grant = open_child(
            server.session,
            parent,
            client,
            Allowed(scope, details),
            audience=audience,
            expires_at=self._ends(subject, parent),
            now=server.now,
        )
        sector = server.query_client(audience)  # people are named as the service called knows them
        token, lifetime = mint(
            server, grant, client, scope, jkt=self.asked.jkt, details=details, sector=sector
        )
        body = {
            "access_token": token,
            "issued_token_type": ACCESS_TOKEN,
            "token_type": token_type(self.asked.jkt),
            "expires_in": lifetime,
            "scope": scope,
        }
        return 200, body, self.TOKEN_RESPONSE_HEADER

    def _subject(self, client: OAuthClient) -> tuple[PresentedToken, OAuthGrant]:
        """The live token of a person, in the hands of its client or of the service it was meant for."""
        found = find_presented(self.server, self.asked.form["subject_token"])
        if found is None or found.access is None or found.grant is None or not found.is_live:
            raise InvalidGrantError("The subject_token is not a live access token of a person.")
        if not found.is_for(client):
            raise InvalidGrantError("The subject_token was neither given to this client nor meant for it.")
        # Its own bound token the client can prove; one that it was called with it cannot (RFC 9449 §6).
        if found.check_client(client) and found.access.jkt not in (None, self.asked.jkt):
            raise InvalidGrantError("The subject_token is bound to another key.")
        if _length(found.grant.act) >= LONGEST_CHAIN:
            raise InvalidGrantError("The chain of exchanges is too long.")
        return found, found.grant

    def _check_actor(self, client: OAuthClient) -> None:
        """Who acts is the client that asks; a token that says so of itself is accepted, any other is refused."""
        token, kind = self.asked.form.get("actor_token"), self.asked.form.get("actor_token_type")
        if token is None and kind is None:
            return
        found = find_presented(self.server, token) if token else None
        is_own = found is not None and found.is_live and found.access is not None and found.grant is None
        if kind not in (ACCESS_TOKEN, JWT) or not is_own or found is None or not found.check_client(client):
            raise InvalidRequestError("The actor_token must be this client's own.")

    def _ends(self, subject: PresentedToken, parent: OAuthGrant) -> datetime:
        return min(subject.expires_at, parent.expires_at, self.server.now + LIFETIME)


def _narrower_scope(asked: str | None, subject: PresentedToken, client: OAuthClient) -> str:
    """A part of what the subject's token allows and the client may have. Raises ``InvalidScopeError``."""
    had = str(subject.claims.get("scope", "")).split()
    if asked is None:
        kept = [one for one in had if one in client.scopes]
    else:
        kept = list(dict.fromkeys(asked.split()))
        if not client.scopes.issuperset(kept) or not set(had).issuperset(kept):
            raise InvalidScopeError
    if not kept:
        raise InvalidScopeError
    return " ".join(kept)


def _length(act: dict[str, Any] | None) -> int:
    return 0 if act is None else 1 + _length(act.get("act"))
