"""Register clients and tell whether one is who it says."""

import hmac
import re
from collections.abc import Collection, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from identity.clients.models import OAuthClient
from identity.grants import service as grants
from identity.trail import note
from kernel.crypto import Vault
from kernel.errors import Conflict, FieldError, InvalidInput, NotFound
from kernel.i18n import N_
from kernel.ids import new_token

#: Every scope this city knows, with the words a consent page uses.
SCOPES = {
    "openid": N_("确认您的登录"),
    "profile": N_("查看您的姓名"),
    "tong": N_("在东楚通为您办事"),
    "rongtong": N_("在东楚融通为企业办事"),
    "zhengtong": N_("在东楚政通履行岗位职责"),
    "licences": N_("查看和使用您的电子证照"),
}
_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,63}")
_LOOPBACK = ("127.0.0.1", "[::1]", "localhost")


def register_client(
    session: Session,
    *,
    client_id: str,
    name: str,
    redirect_uris: Sequence[str],
    secret: str | None,
    vault: Vault,
    now: datetime,
    post_logout_redirect_uris: Sequence[str] = (),
    scopes: Collection[str] = ("openid", "profile"),
    capacities: Sequence[str] = ("self",),
    is_first_party: bool = False,
    may_introspect: bool = False,
) -> None:
    """Add a client; ``secret=None`` makes it public. Registering the same id again replaces its settings.

    Raises ``InvalidInput`` naming the field that cannot stand.
    """
    _check(client_id, redirect_uris, post_logout_redirect_uris, scopes)
    known = session.get(OAuthClient, client_id)
    if known is None:
        note(session, "client.register", "client", client_id, now=now, scopes=sorted(scopes))
    session.merge(
        OAuthClient(
            client_id=client_id,
            name=name or client_id,
            secret_hash=secret_hash(vault, client_id, secret) if secret else None,
            redirect_uris=list(redirect_uris),
            post_logout_redirect_uris=list(post_logout_redirect_uris),
            scope=" ".join(sorted(scopes)),
            capacities=list(capacities),
            is_first_party=is_first_party,
            may_introspect=may_introspect,
            is_suspended=known.is_suspended if known else False,
            created_at=known.created_at if known else now,
        )
    )
    session.flush()


def suspend_client(session: Session, client_id: str, *, now: datetime) -> None:
    """Stop a client at once: no new sign-ins, and its live tokens die."""
    client = session.get(OAuthClient, client_id)
    if client is None:
        raise NotFound("没有这个应用。")
    if client.is_suspended:
        raise Conflict("这个应用已经停用。")
    client.is_suspended = True
    grants.end_of_client(session, client_id, reason="client_suspended", now=now)
    note(session, "client.suspend", "client", client_id, now=now)


def find_client(session: Session, client_id: str) -> OAuthClient | None:
    """A registered client that is not suspended."""
    client = session.get(OAuthClient, client_id)
    return client if client and not client.is_suspended else None


def has_secret(client: OAuthClient, secret: str, vault: Vault) -> bool:
    if client.secret_hash is None:
        return False
    return hmac.compare_digest(client.secret_hash, secret_hash(vault, client.client_id, secret))


def secret_hash(vault: Vault, client_id: str, secret: str) -> bytes:
    """Bound to the client, so that one client's row is useless in another's place."""
    return vault.hash_token(f"client/{client_id}/{secret}")


def new_secret() -> str:
    return new_token()


def _check(
    client_id: str, redirect_uris: Sequence[str], logout_uris: Sequence[str], scopes: Collection[str]
) -> None:
    errors = []
    if not _CLIENT_ID.fullmatch(client_id):
        errors.append(FieldError("client_id", N_("应为2至64个字母、数字、点、横线或下划线")))
    if not redirect_uris:
        errors.append(FieldError("redirect_uri", N_("至少登记一个回调地址")))
    for uri in (*redirect_uris, *logout_uris):
        if not _is_safe_uri(uri):
            mend = N_("请使用 https 地址；本机调试可用 http://127.0.0.1")
            errors.append(FieldError("redirect_uri", f"不能使用的地址：{uri}", mend))
    if unknown := sorted(set(scopes) - SCOPES.keys()):
        errors.append(FieldError("scope", f"没有这样的授权范围：{' '.join(unknown)}"))
    if errors:
        raise InvalidInput("应用登记的内容有误：" + "；".join(error.what for error in errors), errors=errors)


def _is_safe_uri(uri: str) -> bool:
    """https anywhere, plain http only to this very machine, no fragment, nothing a browser would run."""
    if not uri.isascii() or not uri.isprintable() or any(char in uri for char in ' "\\<>#'):
        return False
    parts = urlsplit(uri)
    if not parts.netloc or "@" in parts.netloc:
        return False
    host = parts.netloc.rsplit(":", 1)[0] if not parts.netloc.endswith("]") else parts.netloc
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
