"""Devices without a browser (RFC 8628): the device shows a short code, a person enters it elsewhere and allows it.

The code is eight letters that cannot be misread; guessing is slowed per sign-in and per address, and a device asks no
oftener than it is told. Of a code that was allowed exactly one poll gets the tokens.
"""

import re
import secrets
from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, UnauthorizedClientError
from authlib.oauth2.rfc6749.errors import AccessDeniedError, InvalidGrantError
from authlib.oauth2.rfc6749.hooks import hooked
from authlib.oauth2.rfc8628.errors import AuthorizationPendingError, ExpiredTokenError, SlowDownError

from identity.clients.schemas import DEVICE
from identity.grants import repository as grant_rows
from identity.oauth import client_authentication, repository
from identity.oauth.granting import stands
from identity.oauth.models import DeviceAuthorization
from identity.oauth.requests import Answer, ProtocolRequest
from identity.oauth.server import ProtocolServer
from identity.oauth.token_grant import TokenGrant
from kernel.crypto import Vault
from kernel.ids import new_token

LIFETIME = timedelta(minutes=10)
INTERVAL_SECONDS = 5
#: RFC 8628 §6.1: no vowels, so that no words appear.
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_LENGTH = 8


def begin(server: ProtocolServer, request: ProtocolRequest) -> Answer:
    """The device authorization endpoint (§3.1, §3.2)."""
    client = client_authentication.authenticate(server.session, request, server.provider, server.now)
    if not client.check_grant_type(DEVICE):
        raise UnauthorizedClientError("The client may not use the device grant.")
    scope = client.get_allowed_scope(request.form.get("scope"))
    details = server.provider.details.read(request.form.get("authorization_details"), client)
    device_code, user_code, vault = new_token(), _new_user_code(), server.house.vault
    repository.add(
        server.session,
        DeviceAuthorization(
            device_hash=_device_hash(vault, device_code),
            user_code_hash=user_code_hash(vault, user_code),
            client_id=client.client_id,
            scope=scope,
            authorization_details=details,
            dpop_jkt=request.jkt,
            state="pending",
            grant_id=None,
            interval_seconds=INTERVAL_SECONDS,
            polled_at=None,
            expires_at=server.now + LIFETIME,
        ),
    )
    address = f"{server.house.settings.issuer}/device"
    shown = shown_user_code(user_code)
    body = {
        "device_code": device_code,
        "user_code": shown,
        "verification_uri": address,
        "verification_uri_complete": f"{address}?user_code={shown}",
        "expires_in": int(LIFETIME.total_seconds()),
        "interval": INTERVAL_SECONDS,
    }
    return Answer(200, body)


class DeviceGrant(TokenGrant):
    """The device asks again and again (§3.4, §3.5)."""

    GRANT_TYPE = DEVICE
    _row: DeviceAuthorization

    def validate_token_request(self) -> None:
        client = self.authenticated_client()
        code = self.asked.form.get("device_code")
        if not code:
            raise InvalidRequestError("Missing 'device_code' in request.")
        server = self.server
        row = repository.device_of(server.session, _device_hash(server.house.vault, code), client.client_id)
        if row is None or row.dpop_jkt not in (None, self.asked.jkt):
            raise InvalidGrantError("The device_code is not valid.")
        self._check_state(row)
        self._row = row

    @hooked
    def create_token_response(self) -> Any:
        server, row = self.server, self._row
        is_mine = repository.move_device(
            server.session, row.device_hash, from_state="allowed", to_state="spent", now=server.now
        )
        grant = grant_rows.get(server.session, row.grant_id) if is_mine and row.grant_id else None
        if grant is None or not stands(grant, server.now):
            raise InvalidGrantError("The device_code was already used, or the sign-in has ended.")
        self.asked.grant, self.asked.details = grant, grant.authorization_details
        token = self.generate_token(user=grant, scope=grant.scope, include_refresh_token=True)
        return 200, token, self.TOKEN_RESPONSE_HEADER

    def _check_state(self, row: DeviceAuthorization) -> None:
        """Raises what the device must know; asking too soon makes it wait five seconds longer from then on."""
        now = self.server.now
        if row.expires_at <= now:
            raise ExpiredTokenError
        if row.state == "denied":
            raise AccessDeniedError
        if row.state == "pending":
            last, row.polled_at = row.polled_at, now
            if last is not None and now - last < timedelta(seconds=row.interval_seconds):
                row.interval_seconds += INTERVAL_SECONDS
                raise SlowDownError
            raise AuthorizationPendingError
        if row.state != "allowed":
            raise InvalidGrantError("The device_code was already used.")


def read_user_code(typed: str) -> str:
    """A code as people type it, in small letters, with or without the dash; "" when it cannot be one."""
    letters = re.sub(r"[\s-]", "", typed).upper()
    return letters if len(letters) == _LENGTH and set(letters) <= set(LETTERS) else ""


def shown_user_code(user_code: str) -> str:
    """In two halves, as the device shows it."""
    return f"{user_code[:4]}-{user_code[4:]}" if user_code else ""


def user_code_hash(vault: Vault, user_code: str) -> bytes:
    return vault.hash_token(f"user_code/{user_code}")


def _new_user_code() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(_LENGTH))


def _device_hash(vault: Vault, device_code: str) -> bytes:
    return vault.hash_token(f"device/{device_code}")
