"""What a client's settings must be to be registered; every problem is named at once, with the way to mend it."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from identity.accounts.assurance import LEVELS
from identity.clients.schemas import (
    AUTH_METHODS,
    CODE,
    DEVICE,
    EXCHANGE,
    GRANT_TYPES,
    REFRESH,
    ClientSettings,
)
from identity.clients.scopes import PERSONAL, SCOPES, SERVICE_SCOPES
from kernel.errors import FieldError, InvalidInput
from kernel.i18n import N_

_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,63}")
_AUDIENCE = re.compile(r"[\x21-\x7e]{1,200}")
_LOOPBACK = ("127.0.0.1", "[::1]", "localhost")
_MEND_ADDRESS = N_("请使用 https 地址；本机调试可用 http://127.0.0.1")
#: Room enough for every client, and no way to fill the table with one.
MOST_ADDRESSES = 20
MOST_KEYS = 20
LONGEST_NAME = 80
#: A sign-in that must be younger than this would never be young enough for the way back.
FRESHEST_SECONDS = (60, 30 * 86_400)
_PRIVATE_PARTS = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})


def check(client_id: str, settings: ClientSettings) -> None:
    """Raises ``InvalidInput`` naming every field that cannot stand."""
    errors = [
        *_check_identity(client_id, settings),
        *_check_addresses(settings),
        *_check_rights(settings),
        *_check_demands(settings),
        *_check_keys(settings),
    ]
    if errors:
        raise InvalidInput("应用登记的内容有误：" + "；".join(error.what for error in errors), errors=errors)


def is_safe_uri(uri: str) -> bool:
    """https anywhere, plain http only to this very machine, no fragment, nothing a browser would run."""
    if (
        not uri.isascii()
        or not uri.isprintable()
        or len(uri) > 2000
        or any(char in uri for char in ' "\\<>#')
    ):
        return False
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return False
    if not parts.netloc or "@" in parts.netloc:
        return False
    host = parts.netloc.rsplit(":", 1)[0] if not parts.netloc.endswith("]") else parts.netloc
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)


def _check_identity(client_id: str, settings: ClientSettings) -> Iterator[FieldError]:
    if not _CLIENT_ID.fullmatch(client_id):
        yield FieldError("client_id", N_("应为2至64个字母、数字、点、横线或下划线"))
    if len(settings.name) > LONGEST_NAME or not settings.name.isprintable():
        yield FieldError("client_name", N_("名称最多80个字，不能有换行"))
    if settings.auth_method not in AUTH_METHODS:
        yield FieldError("token_endpoint_auth_method", f"没有这样的认证方式：{settings.auth_method}")


def _check_addresses(settings: ClientSettings) -> Iterator[FieldError]:
    if CODE in settings.grant_types and not settings.redirect_uris:
        yield FieldError("redirect_uri", N_("至少登记一个回调地址"))
    named: Iterable[tuple[str, str | None]] = (
        *(("redirect_uri", uri) for uri in settings.redirect_uris),
        *(("post_logout_redirect_uri", uri) for uri in settings.post_logout_redirect_uris),
        ("backchannel_logout_uri", settings.backchannel_logout_uri),
        ("jwks_uri", settings.jwks_uri),
        ("sector_identifier_uri", settings.sector_identifier_uri),
    )
    for field, uri in named:
        if uri is not None and not is_safe_uri(uri):
            yield FieldError(field, f"不能使用的地址：{uri[:200]}", _MEND_ADDRESS)
    if (
        len(settings.redirect_uris) > MOST_ADDRESSES
        or len(settings.post_logout_redirect_uris) > MOST_ADDRESSES
    ):
        yield FieldError("redirect_uri", f"最多登记{MOST_ADDRESSES}个地址")


def _check_rights(settings: ClientSettings) -> Iterator[FieldError]:
    """A service acts in its own name and a person's client in theirs; nothing of the one is lent to the other."""
    if unknown := sorted(set(settings.grant_types) - set(GRANT_TYPES)):
        yield FieldError("grant_types", f"没有这样的授权方式：{' '.join(unknown)}")
    if unknown := sorted(set(settings.scopes) - SCOPES.keys() - SERVICE_SCOPES.keys()):
        yield FieldError("scope", f"没有这样的授权范围：{' '.join(unknown)}")
    if REFRESH in settings.grant_types and not {CODE, DEVICE} & set(settings.grant_types):
        yield FieldError("grant_types", N_("只有代表个人的授权方式才能刷新"))
    is_proven = settings.auth_method != "none"
    for grant_type in sorted(set(settings.grant_types) - set(PERSONAL)):
        if not is_proven:
            yield FieldError(
                "grant_types",
                f"{grant_type} 只开放给能保管密钥的应用",
                N_("请登记密钥或公钥，或去掉这种授权方式"),
            )
    if (
        EXCHANGE not in settings.grant_types
        and "client_credentials" not in settings.grant_types
        and settings.audiences
    ):
        yield FieldError("audience", N_("只有换取令牌或以自身名义访问的应用才需要登记受众"))
    for audience in settings.audiences:
        if not _AUDIENCE.fullmatch(audience):
            yield FieldError("audience", f"不能使用的受众：{audience[:80]}")


def _check_demands(settings: ClientSettings) -> Iterator[FieldError]:
    """What it wants of every sign-in."""
    least, most = FRESHEST_SECONDS
    if settings.default_max_age is not None and not least <= settings.default_max_age <= most:
        yield FieldError("default_max_age", f"应在{least}至{most}秒之间")
    if unknown := sorted(set(settings.default_acr_values) - set(LEVELS)):
        yield FieldError("default_acr_values", f"没有这样的等级：{' '.join(unknown)}")


def _check_keys(settings: ClientSettings) -> Iterator[FieldError]:
    if settings.jwks is not None and settings.jwks_uri is not None:
        yield FieldError("jwks", N_("jwks 与 jwks_uri 只能选一个"))
    if settings.auth_method == "private_key_jwt" and settings.jwks is None and settings.jwks_uri is None:
        yield FieldError("jwks", N_("用私钥认证的应用要登记公钥"), N_("请给出 jwks 或 jwks_uri"))
    if settings.jwks is None:
        return
    keys = settings.jwks.get("keys")
    if not isinstance(keys, list) or not 0 < len(keys) <= MOST_KEYS:
        yield FieldError("jwks", f"jwks 应有1至{MOST_KEYS}个公钥")
        return
    if any(not isinstance(key, dict) or _PRIVATE_PARTS & key.keys() for key in keys):
        yield FieldError("jwks", N_("jwks 里只能有公钥，请把私钥收回并更换"))
        return
    try:
        KeySet.import_key_set({"keys": keys})
    except (JoseError, ValueError, TypeError, KeyError):
        yield FieldError("jwks", N_("jwks 里有无法识别的公钥"))
