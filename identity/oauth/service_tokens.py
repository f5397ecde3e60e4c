"""Who a service is that calls in its own name (RFC 6749 §4.4): its token turned back into a caller, at every request.

A token is believed only while its client stands as it did when the token was made, and only with the proof of the key
it is bound to: a service that moves money has no use for a token that works in anybody's hands.
"""

from dataclasses import dataclass

from joserfc.jwk import Key

from identity.clients.models import OAuthClient
from identity.clients.service import find_client
from identity.oauth.keys import KeyRing
from identity.oauth.provider import Provider
from identity.oauth.rfc9068_access_token import check_possession, read
from kernel.errors import Unauthenticated
from kernel.i18n import N_
from kernel.web.bearer import Possession

_DEAD = N_("访问令牌已经失效，请重新获取。")
_UNBOUND = N_("这个接口只接受绑定密钥的访问令牌（DPoP）。")


@dataclass(frozen=True, slots=True)
class ServiceCaller:
    """``scopes`` are those of this token."""

    client_id: str
    scopes: frozenset[str]


class ServiceTokens:
    """For APIs that other systems call; one per app. Made of the issuer's own parts, over the same store."""

    def __init__(self, provider: Provider, keys: KeyRing | None = None) -> None:
        self._provider = provider
        self._keys = keys or provider.keys

    def caller_of(self, token: str, possession: Possession) -> ServiceCaller:
        """Raises ``Unauthenticated``: another kind of token, ended, not bound, or without its proof."""
        house = self._provider.house
        now = house.clock.now()
        claims = read(token, house=house, keys=self._keys, now=now, audience=house.settings.base_url)
        if claims is None or claims.grant is not None:
            raise Unauthenticated(_DEAD)
        if claims.jkt is None:
            raise Unauthenticated(_UNBOUND)
        check_possession(claims, token, possession, house=house, proofs=self._provider.proofs)
        client = self._client(claims.client_id)
        if client is None or client.epoch != claims.epoch:
            raise Unauthenticated(_DEAD)
        return ServiceCaller(client.client_id, frozenset(claims.scope.split()) & client.scopes)

    def key_of(self, client_id: str, kid: str) -> Key | None:
        """The public key by which a client signs, among those it registered or publishes."""
        client = self._client(client_id)
        if client is None or not kid:
            return None
        self._provider.client_keys.prepare(client, kid)
        return self._provider.client_keys.find(client, {"kid": kid})

    def _client(self, client_id: str) -> OAuthClient | None:
        with self._provider.house.database.read_once() as session:
            return find_client(session, client_id)
