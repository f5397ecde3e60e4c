"""No other site may act in the name of somebody signed in here: a token bound to the session, and where it came from.

The token is derived from the session's cookie by a key of ours, so nothing is stored, and it changes with the session.
On every page it looks different, under a mask that comes with it: a compressed page's length must not tell it (BREACH).
"""

import base64
import binascii
import hmac
import os
from typing import Final
from urllib.parse import parse_qsl

from litestar import Request
from litestar.handlers import BaseRouteHandler

from kernel.crypto import Vault
from kernel.errors import CsrfRefused
from kernel.i18n import N_
from kernel.web.bearer import Connection
from kernel.web.preferences import refuse_cross_site
from kernel.web.requests import WebRequest

FIELD: Final = "csrf_token"
HEADER: Final = "x-csrf-token"
_LENGTH: Final = 24
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_STALE: Final = N_("这个页面打开得太久，或者不是从本站提交的。请返回刷新后再试，您填写的内容没有被提交。")


def token_for(vault: Vault, cookie: str | None) -> str:
    """The token for pages of this session; empty where there is no session to protect."""
    if not cookie:
        return ""
    mask = os.urandom(_LENGTH)
    return base64.urlsafe_b64encode(mask + _masked(_secret(vault, cookie), mask)).decode()


def check(request: WebRequest, *, vault: Vault, cookie: str | None, sent: str) -> None:
    """Raises ``CsrfRefused`` unless the request comes from our own page and carries the session's token."""
    try:
        refuse_cross_site(request)
    except CsrfRefused as error:
        raise CsrfRefused(_STALE) from error
    if not cookie or not hmac.compare_digest(_secret(vault, cookie), _unmasked(sent)):
        raise CsrfRefused(_STALE)


def _secret(vault: Vault, cookie: str) -> bytes:
    return vault.blind_index(cookie, purpose="csrf")[:_LENGTH]


def _masked(secret: bytes, mask: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(secret, mask, strict=True))


def _unmasked(sent: str) -> bytes:
    """The secret under a token's mask; empty for what is no token."""
    try:
        raw = base64.b64decode(sent, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return _masked(raw[_LENGTH:], raw[:_LENGTH]) if len(raw) == 2 * _LENGTH else b""


class CsrfGuard:
    """A Litestar guard for a whole app. Bearer tokens need no check: no browser sends them by itself."""

    def __init__(self, vault: Vault, cookie_name: str) -> None:
        self._vault = vault
        self._cookie_name = cookie_name

    async def __call__(self, connection: Connection, _handler: BaseRouteHandler) -> None:
        if not isinstance(connection, Request) or connection.method in _SAFE_METHODS:
            return
        cookie = connection.cookies.get(self._cookie_name)
        if is_bearer(connection) or not cookie:
            return  # without a session there is nobody whose name could be misused
        sent = connection.headers.get(HEADER, "") or _field_of(
            connection.headers.get("content-type", ""), await connection.body()
        )
        check(connection, vault=self._vault, cookie=cookie, sent=sent)


def is_bearer(connection: Connection) -> bool:
    return connection.headers.get("authorization", "")[:7].lower() == "bearer "


def _field_of(content_type: str, body: bytes) -> str:
    """The hidden field of a form; uploads (multipart) send the header instead, or the field first."""
    if content_type.startswith("application/x-www-form-urlencoded"):
        pairs = parse_qsl(body.decode("latin-1"), max_num_fields=None)
        return next((value for name, value in pairs if name == FIELD), "")
    if content_type.startswith("multipart/form-data"):
        _, found, rest = body.partition(f'name="{FIELD}"\r\n\r\n'.encode())
        return rest.split(b"\r\n", 1)[0].decode("latin-1") if found else ""
    return ""
