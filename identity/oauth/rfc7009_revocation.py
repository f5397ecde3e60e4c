"""Token revocation (RFC 7009): an access token takes its siblings with it, a refresh token the whole grant."""

# ruff: noqa: ARG002 - the signatures are Authlib's
from typing import Any

from authlib.oauth2.rfc7009 import RevocationEndpoint

from identity.clients.service import retire_own_tokens
from identity.grants import service as grants
from identity.oauth.presented import PresentedToken, find_presented
from identity.oauth.server import ProtocolServer


class Revocation(RevocationEndpoint):
    """Only the client a token was given to may revoke it; a token nobody knows is already gone."""

    server: ProtocolServer

    def query_token(self, token_string: str, token_type_hint: str | None) -> PresentedToken | None:
        return find_presented(self.server, token_string)

    def revoke_token(self, token: PresentedToken, request: Any) -> None:
        session, now = self.server.session, self.server.now
        if token.grant is None:
            retire_own_tokens(session, token.client_id)
        elif token.kind == "access_token":
            grants.retire_access_tokens(session, token.grant.grant_id, now=now)
        else:
            grants.end_grant(session, token.grant.grant_id, reason="revoked_by_client", now=now)
