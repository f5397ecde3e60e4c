"""Both sides prove what they say: a bank's system signs its requests, the city its answers and its news (decision 17).

The city's keys are of a year, the next published a year ahead and the former one a year longer, so that they turn by
themselves; they are derived from the house's index key and lie nowhere.
"""

import secrets
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import KeySet, OKPKey
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from connectors.lenders.rfc9421_signatures import (
    OF_REQUEST,
    WINDOW,
    SignatureRefused,
    Spoken,
    check_request,
    read,
    sign_answer,
)
from identity.oauth.service_tokens import ServiceTokens
from kernel.crypto import Vault
from kernel.errors import FieldError, Forbidden, InvalidInput, Unauthenticated
from kernel.house import House
from kernel.i18n import gettext as _
from kernel.web.bearer import possession_of
from kernel.web.requests import WebRequest
from portals.financing.banks import repository
from portals.financing.banks.actors import BankActor, system_of

SCOPE = "lending"
OFFICER = "bank-officer"
KEY = "idempotency-key"
_LONGEST_OFFICER, _LONGEST_KEY = 40, 80


class CityKeys:
    """The keys by which the city signs what it says to banks."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._made: dict[int, OKPKey] = {}

    def signing(self, now: datetime) -> OKPKey:
        return self._of(now.year)

    def public_set(self, now: datetime) -> dict[str, Any]:
        """As a JWKS (RFC 7517): last year's, this year's and the next's."""
        years = (now.year - 1, now.year, now.year + 1)
        shown = KeySet([self._of(year) for year in years]).as_dict(private=False)["keys"]
        return {"keys": [{**key, "use": "sig", "alg": "Ed25519"} for key in shown]}

    def _of(self, year: int) -> OKPKey:
        if year not in self._made:
            seed = self._vault.derive_key(f"financing/message-signatures/{year}")
            private = Ed25519PrivateKey.from_private_bytes(seed)
            self._made[year] = OKPKey.import_key(private, {"kid": f"financing-{year}"})
        return self._made[year]


class SystemDoor:
    """Lets a bank's system in: bound token, signature over the very request, each used once."""

    def __init__(self, house: House, tokens: ServiceTokens) -> None:
        self._house = house
        self._tokens = tokens

    def actor_of(self, request: WebRequest, body: bytes) -> BankActor:
        """Raises ``Unauthenticated``, ``Forbidden`` (no bank, or suspended), ``InvalidInput`` (no officer named)."""
        kind, _space, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "dpop":
            raise Unauthenticated(_("银行系统请使用绑定密钥的访问令牌（DPoP）。"))
        caller = self._tokens.caller_of(token.strip(), possession_of(request))
        if SCOPE not in caller.scopes:
            raise Forbidden(_("这个访问令牌没有办理融资的权限。"))
        with self._house.database.read_once() as session:
            bank = repository.bank_of_client(session, caller.client_id)
        if bank is None or bank.is_suspended:
            raise Forbidden(_("这家银行的系统没有接入，或已经停用。"))
        self._check_signature(request, body, caller.client_id)
        officer = request.headers.get(OFFICER, "").strip()
        if request.method != "GET":
            _require(OFFICER, officer, _LONGEST_OFFICER, _("请在 Bank-Officer 里写明经办人的工号。"))
            _require(KEY, request.headers.get(KEY, ""), _LONGEST_KEY, _("请给出 Idempotency-Key。"))
        return system_of(bank.code, caller.client_id, officer)

    def _check_signature(self, request: WebRequest, body: bytes, client_id: str) -> None:
        spoken = spoken_by(request, self._house.settings.base_url, body)
        try:
            presented = check_request(
                spoken,
                lambda kid: self._tokens.key_of(client_id, kid),
                now=self._house.clock.now(),
                needed=(*OF_REQUEST, *(name for name in (OFFICER, KEY) if name in spoken.headers)),
            )
        except SignatureRefused as refused:
            raise Unauthenticated(
                _("请求的签名未通过验证（%(reason)s），请核对密钥、时间和签名内容。", reason=refused.reason)
            ) from None
        once = f"lending:nonce:{client_id}:{presented.nonce}"
        if not self._house.ephemeral.add(once, b"1", 2 * int(WINDOW.total_seconds()) + 5):
            raise Unauthenticated(_("这个签名已经用过，请重新签名。"))


def spoken_by(request: WebRequest, base_url: str, body: bytes = b"") -> Spoken:
    """A request as it was signed: its whole address is that of this house, whatever stands before it."""
    query = request.scope.get("query_string", b"").decode("latin-1")
    path = f"{request.url.path}?{query}" if query else request.url.path
    headers: dict[str, str] = {}
    for name, value in request.headers.multi_items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Spoken(request.method, f"{base_url}{path}", headers, body)


class SignedAnswers(ASGIMiddleware):
    """Signs whatever is answered to a signed request, errors too."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, house: House, keys: CityKeys) -> None:
        self._house = house
        self._keys = keys

    def __deepcopy__(self, _memo: dict[int, Any]) -> "SignedAnswers":
        """One for all handlers: Litestar copies what stands on a router, and a house cannot be copied."""
        return self

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        asked = spoken_by(WebRequest(scope), self._house.settings.base_url)
        if not _is_readable(asked):
            await next_app(scope, receive, send)
            return
        begun: Message | None = None
        body = bytearray()

        async def signing(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = message
            elif message["type"] == "http.response.body" and begun is not None:
                body.extend(message["body"])
                if not message["more_body"]:
                    await send(self._signed(begun, bytes(body), asked))
                    await send({"type": "http.response.body", "body": bytes(body), "more_body": False})
            else:
                await send(message)

        await next_app(scope, receive, signing)

    def _signed(self, start: Any, body: bytes, asked: Spoken) -> Any:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]
        }
        headers.setdefault("content-type", "application/json")
        now = self._house.clock.now()
        answer = Spoken("", "", headers, body, start["status"])
        added = sign_answer(
            self._keys.signing(now), answer, asked, now=now, nonce=secrets.token_urlsafe(16)
        ) | {"content-type": headers["content-type"]}
        kept = [
            (name, value) for name, value in start["headers"] if name.decode("latin-1").lower() not in added
        ]
        made = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in added.items()]
        return {**start, "headers": [*kept, *made]}


def _is_readable(asked: Spoken) -> bool:
    try:
        read(asked.headers)
    except SignatureRefused:
        return False
    return True


def _require(where: str, text: str, longest: int, what: str) -> None:
    if not 0 < len(text) <= longest or not text.isprintable() or not text.isascii():
        raise InvalidInput(what, errors=[FieldError(where, what, _("可用字母、数字和横线。"))])
