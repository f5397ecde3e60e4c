"""The edge of the protocol: nothing malformed goes further in (RFC 6749 §3.1, §3.2 and Appendix A).

Parameters are at most once, printable ASCII, of bounded length; a Basic header is well-formed or refused.
"""

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote_plus

from authlib.oauth2 import OAuth2Error

PARAMETERS_AT_MOST = 40
LONGEST_VALUE = 4096
LONGEST_QUERY = 16_384
#: Not parameters of OAuth, and therefore free to hold any text.
FREE = frozenset({"ui_locales", "logout_hint", "login_hint", "claims", "authorization_details"})


class MalformedRequest(OAuth2Error):
    """The request cannot be read at all; never answered by a redirect."""

    error = "invalid_request"


def parse_parameters(text: bytes, *, free: frozenset[str] = FREE) -> dict[str, str]:
    """The parameters of a query string or form; those in ``free`` may hold any text. Raises ``MalformedRequest``."""
    if len(text) > LONGEST_QUERY:
        raise MalformedRequest("The request is too long.")
    try:
        pairs = parse_qsl(
            text.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=PARAMETERS_AT_MOST,
        )
    except (UnicodeError, ValueError) as error:
        raise MalformedRequest("The request is not well-formed.") from error
    parameters: dict[str, str] = {}
    for name, value in pairs:
        if name in parameters:
            raise MalformedRequest("A parameter is repeated.")
        if len(value) > LONGEST_VALUE:
            raise MalformedRequest("A parameter is too long.")
        if not is_plain(value) and (name not in free or not value.isprintable()):
            raise MalformedRequest("A parameter holds characters outside printable ASCII.")
        if value:  # RFC 6749 §3.1: parameters without a value are treated as omitted
            parameters[name] = value
    return parameters


def is_plain(text: str) -> bool:
    return text.isascii() and (text.isprintable() or not text)


def basic_credentials(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """Client id and secret of a Basic header (RFC 6749 §2.3.1); ``None`` without one. Raises ``MalformedRequest``."""
    kind, _, encoded = headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode("ascii")
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise MalformedRequest("The Authorization header is not well-formed.") from error
    client_id, found, secret = decoded.partition(":")
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    if not found or not client_id or not is_plain(client_id) or not is_plain(secret):
        raise MalformedRequest("The Authorization header is not well-formed.")
    return client_id, secret
