"""Forms as wallets send them (RFC 6749 §3.1): each parameter once, of bounded length; a presentation may be long."""

from urllib.parse import parse_qsl

from kernel.web.requests import WebRequest
from licenses.issuance.errors import ProtocolError

LARGEST = 128 * 1024
_PARAMETERS_AT_MOST = 20


def read_form(request: WebRequest, body: bytes) -> dict[str, str]:
    """Raises ``ProtocolError``."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and content_type != "application/x-www-form-urlencoded":
        raise ProtocolError("invalid_request", "The body must be application/x-www-form-urlencoded.")
    if len(body) > LARGEST:
        raise ProtocolError("invalid_request", "The request is too long.", status=413)
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=_PARAMETERS_AT_MOST,
        )
    except (UnicodeError, ValueError) as error:
        raise ProtocolError("invalid_request", "The request is not well-formed.") from error
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise ProtocolError("invalid_request", "A parameter is repeated.")
    return parameters
