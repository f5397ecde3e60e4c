"""What is secret in a run of the tests: heard at the doors, where it is spoken, not in the store, where it must not be.

Two kinds of doors. Outside: every request and answer of the test clients and browsers, by the names that protocols and
forms give their secrets. Inside: whatever the house itself hashes, and private keys that it seals, which finds those
that travel as a picture, a link or a hidden field. A secret that one door misses the other hears.
"""

import base64
import contextlib
import json
import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

#: Shorter things are found by chance; six digits are looked for in another way.
SHORTEST = 8
_SECRET_NAME = re.compile(
    r"(password|passcode|secret|token|verifier|assertion|handle|ticket|id_number|phone|identity_number)$"
    r"|^(new_password|code|device_code|user_code|tx_code|authorization_code|pre-authorized_code|request_uri|challenge|"
    r"recovery_code|cookie)$"
)
#: Named like a secret, and none: public by their specifications, or the masked form of one.
_PUBLIC_NAME = re.compile(r"^(code_challenge|subject_token_type|requested_token_type)$|_type$")
#: The ``code`` of a licence type or of an authority in the catalogue (GB/T 36903: a credit code, with three digits for the
#: type); of the codes that let somebody in none is written so.
_REGISTER_CODE = re.compile(r"[0-9A-Z]{2}[0-9]{6}[0-9A-Z]{10}([0-9]{3})?")
_CODE = re.compile(r"[0-9]{6}")
_KEY_MATERIAL = re.compile(r"[0-9A-Za-z_+/-]{40,}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")
_URN = "urn:ietf:params:oauth:request_uri:"


class Spoken:
    """Secrets by when they were last spoken, so that a store is searched for those of its own life."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = 0
        self._secrets: dict[str, int] = {}
        self._codes: dict[str, int] = {}

    @property
    def turn(self) -> int:
        return self._turn

    def keep(self, secret: str) -> None:
        secret = secret.strip().removeprefix(_URN)
        is_code = _CODE.fullmatch(secret) is not None
        if not is_code and (len(secret) < SHORTEST or len(set(secret)) < 5 or _UUID.fullmatch(secret)):
            return
        with self._lock:
            self._turn += 1
            (self._codes if is_code else self._secrets)[secret] = self._turn

    def secrets_since(self, turn: int) -> list[str]:
        with self._lock:
            return [text for text, said in self._secrets.items() if said > turn]

    def codes_since(self, turn: int) -> set[str]:
        with self._lock:
            return {text for text, said in self._codes.items() if said > turn}

    # -- outside ------------------------------------------------------------------------------------------------------

    def fields(self, pairs: Iterable[tuple[str, Any]]) -> None:
        """Named values: a form, a query, the members of a document, cookies."""
        for name, value in pairs:
            if isinstance(value, Mapping):
                self.fields(value.items())
            elif isinstance(value, list):
                self.fields((name, one) for one in value)
            elif isinstance(value, str) and _SECRET_NAME.search(name) and not _is_public(name, value):
                self.keep(value)

    def cookies(self, pairs: Iterable[tuple[str, str]]) -> None:
        for _, value in pairs:
            if len(value) >= 20:
                self.keep(unquote_plus(value.strip('"')))

    def body(self, content_type: str, body: bytes) -> None:
        if "json" in content_type and len(body) < 200_000:
            with contextlib.suppress(ValueError):
                told = json.loads(body)
                self.fields(told.items() if isinstance(told, dict) else [("", told)])
        elif "x-www-form-urlencoded" in content_type:
            self.fields(parse_qsl(body.decode("latin-1")))

    def address(self, url: str) -> None:
        self.fields(parse_qsl(urlsplit(url).query))

    def authorization(self, header: str) -> None:
        scheme, _, value = header.partition(" ")
        if scheme.lower() == "basic":
            with contextlib.suppress(ValueError):
                self.keep(unquote_plus(base64.b64decode(value).decode().partition(":")[2]))
        elif value:
            self.keep(value)

    # -- inside -------------------------------------------------------------------------------------------------------

    def hashed(self, text: str) -> None:
        """``kind/secret`` as ``Vault.hash_token`` is given it; the last part is what somebody holds."""
        kind, _, secret = text.rpartition("/")
        if kind.startswith("client/"):  # client/<id>/<secret>, and a secret may hold anything
            secret = text.split("/", 2)[2]
        if not kind.startswith("face/"):  # bound to a number of the store, holds no secret itself
            self.keep(secret)

    def sealed(self, plaintext: str, context: str) -> None:
        if "private" not in context:
            return
        with contextlib.suppress(ValueError):
            key = json.loads(plaintext)
            self.fields(("secret", key[part]) for part in ("d", "p", "q") if part in key)
            return
        for run in _KEY_MATERIAL.findall(plaintext):
            self.keep(run)


def _is_public(name: str, value: str) -> bool:
    return bool(_PUBLIC_NAME.search(name)) or (name == "code" and bool(_REGISTER_CODE.fullmatch(value)))


#: One for each process of the tests.
SPOKEN = Spoken()
