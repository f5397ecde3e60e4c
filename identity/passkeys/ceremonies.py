"""The two ceremonies of Web Authentication (§7.1, §7.2): what the browser is asked, and whether the answer is right.

Origin and rp id come from the settings and nowhere else. A challenge is good for one answer, one purpose, one browser
and a few minutes.
"""

import ipaddress
import struct
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
import webauthn
from webauthn.helpers import parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from identity.passkeys.models import Passkey
from kernel.errors import Unauthenticated
from kernel.house import House
from kernel.i18n import N_
from kernel.ids import new_token

Purpose = Literal["add", "enter", "prove"]
CHALLENGE_SECONDS = 600.0
LONGEST_ANSWER = 4096
#: What the library raises on answers that are wrong, and on answers that are not answers at all.
_UNSOUND = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError, struct.error)
WRONG_PASSKEY = N_("通行密钥没有通过验证，请再试一次，或换一种方式登录。")


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """What a device just made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: list[str]
    is_synced: bool


@dataclass(frozen=True, slots=True)
class Signed:
    """A right answer by a known key."""

    sign_count: int


class Ceremonies:
    """Made once per app."""

    def __init__(self, house: House) -> None:
        parts = urlsplit(house.settings.base_url)
        self._store, self._vault = house.ephemeral, house.vault
        self.rp_id = parts.hostname or ""
        self.origin = f"{parts.scheme}://{parts.netloc}"

    @property
    def is_possible(self) -> bool:
        """Browsers make passkeys for names only, never for a bare address; and only over https or on localhost."""
        try:
            ipaddress.ip_address(self.rp_id)
        except ValueError:
            return self.origin.startswith("https://") or self.rp_id == "localhost"
        return False

    def creation_options(
        self, *, browser: str, handle: bytes, name: str, site: str, known: list[Passkey]
    ) -> str:
        """What ``navigator.credentials.create`` is given: a discoverable key that its owner unlocks."""
        return webauthn.options_to_json(
            webauthn.generate_registration_options(
                rp_id=self.rp_id,
                rp_name=site,
                user_id=handle,
                user_name=name,
                user_display_name=name,
                challenge=self._challenge("add", browser),
                exclude_credentials=[_descriptor(one) for one in known],
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.REQUIRED,
                    require_resident_key=True,
                    user_verification=UserVerificationRequirement.REQUIRED,
                ),
            )
        )

    def request_options(self, purpose: Purpose, *, browser: str, known: list[Passkey]) -> str:
        """What ``navigator.credentials.get`` is given; without ``known`` the device offers the keys it has."""
        return webauthn.options_to_json(
            webauthn.generate_authentication_options(
                rp_id=self.rp_id,
                challenge=self._challenge(purpose, browser),
                allow_credentials=[_descriptor(one) for one in known],
                user_verification=UserVerificationRequirement.REQUIRED,
            )
        )

    def registered(self, answer: str, *, browser: str) -> NewPasskey:
        """The new key. Raises ``Unauthenticated``."""
        content = _read(answer)
        try:
            made = webauthn.verify_registration_response(
                credential=content,
                expected_challenge=self._taken("add", browser, content),
                expected_rp_id=self.rp_id,
                expected_origin=self.origin,
                require_user_verification=True,
            )
        except _UNSOUND as error:
            raise Unauthenticated(WRONG_PASSKEY) from error
        transports = _inside(content, "response").get("transports")
        known = {one.value for one in AuthenticatorTransport}
        return NewPasskey(
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            transports=[one for one in transports if one in known] if isinstance(transports, list) else [],
            is_synced=made.credential_device_type.value == "multi_device",
        )

    def read_credential(self, answer: str) -> tuple[bytes, bytes | None]:
        """Which key an answer claims to be by, and the owner's handle it tells. Raises ``Unauthenticated``."""
        try:
            credential = webauthn.helpers.parse_authentication_credential_json(_read(answer))
        except _UNSOUND as error:
            raise Unauthenticated(WRONG_PASSKEY) from error
        return credential.raw_id, credential.response.user_handle

    def signed(self, answer: str, passkey: Passkey, purpose: Purpose, *, browser: str) -> Signed:
        """Whether the answer is by this key, for this purpose and browser. Raises ``Unauthenticated``.

        The counter is compared by whoever stores it, in one statement with its change.
        """
        content = _read(answer)
        try:
            found = webauthn.verify_authentication_response(
                credential=content,
                expected_challenge=self._taken(purpose, browser, content),
                expected_rp_id=self.rp_id,
                expected_origin=self.origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=0,
                require_user_verification=True,
            )
        except _UNSOUND as error:
            raise Unauthenticated(WRONG_PASSKEY) from error
        return Signed(found.new_sign_count)

    def _challenge(self, purpose: Purpose, browser: str) -> bytes:
        text = new_token()
        self._store.put(self._key(purpose, browser, text.encode()), b"1", CHALLENGE_SECONDS)
        return text.encode()

    def _taken(self, purpose: Purpose, browser: str, content: dict[str, Any]) -> bytes:
        """The challenge that this answer repeats, used up by asking: of many equal answers one goes on."""
        encoded = _inside(content, "response").get("clientDataJSON")
        try:
            data = webauthn.base64url_to_bytes(encoded if isinstance(encoded, str) else "")
            challenge = parse_client_data_json(data).challenge
        except _UNSOUND as error:
            raise Unauthenticated(WRONG_PASSKEY) from error
        if self._store.take(self._key(purpose, browser, challenge)) is None:
            raise Unauthenticated(WRONG_PASSKEY)
        return challenge

    def _key(self, purpose: Purpose, browser: str, challenge: bytes) -> str:
        return f"passkey:{self._vault.hash_token(f'{purpose}/{browser}/{challenge.hex()}').hex()}"


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(
        id=passkey.credential_id,
        transports=[AuthenticatorTransport(one) for one in passkey.transports],
    )


def _read(answer: str) -> dict[str, Any]:
    if len(answer) > LONGEST_ANSWER:
        raise Unauthenticated(WRONG_PASSKEY)
    try:
        return msgspec.json.decode(answer, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise Unauthenticated(WRONG_PASSKEY) from error


def _inside(content: dict[str, Any], name: str) -> dict[str, Any]:
    inner = content.get(name)
    return inner if isinstance(inner, dict) else {}
