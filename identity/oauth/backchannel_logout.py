"""Telling clients that a sign-in is over (OpenID Connect Back-Channel Logout 1.0), from the outbox, until they heard it.

The message is written with the end itself (``identity.grants.service``): by the person, by an administrator, by a lost
right, or because its time was up. The token is made afresh at every try, so that it never arrives expired.
"""

import uuid
from datetime import timedelta
from typing import Any

from identity.clients.models import OAuthClient
from identity.clients.service import find_client
from identity.grants.service import LOGOUT_TOPIC
from identity.oauth.openid_subjects import shown_sid, subject_name
from identity.oauth.provider import Provider
from kernel.errors import OutsideRefused
from kernel.ids import new_id
from kernel.outbox import Handler, Message

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPE = "logout+jwt"
LIFETIME = timedelta(minutes=2)


def handlers(provider: Provider) -> dict[str, Handler]:
    """For the worker."""

    def tell(message: Message) -> None:
        """Raises ``OutsideFailure`` while the client cannot be reached; the outbox tries again, ever more seldom."""
        payload = message.payload
        with provider.house.database.read() as session:
            client = find_client(session, payload["client_id"])
        if client is None or client.backchannel_logout_uri is None:
            return  # it does not want to hear any more
        provider.keys.load()
        token = logout_token(provider, client, uuid.UUID(payload["sid"]), payload["subject_id"])
        try:
            provider.outward.post_form(client.backchannel_logout_uri, {"logout_token": token})
        except OutsideRefused as error:
            if (
                error.code != "http_400"
            ):  # §2.8: 400 says that it could not log out; asking again changes nothing
                raise

    return {LOGOUT_TOPIC: tell}


def logout_token(provider: Provider, client: OAuthClient, sid: uuid.UUID, subject_id: int) -> str:
    """§2.4: who, which sign-in, and that it is over; never a nonce."""
    house, now = provider.house, provider.house.clock.now()
    claims: dict[str, Any] = {
        "iss": house.settings.issuer,
        "aud": client.client_id,
        "sub": subject_name(house.vault, client, subject_id),
        "sid": shown_sid(house.vault, client, sid),
        "iat": int(now.timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
        "jti": str(new_id()),
        "events": {EVENT: {}},
    }
    return provider.keys.sign(claims, TYPE, client.signing_alg)
