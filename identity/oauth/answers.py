"""Answers to programs, as the protocol's documents want them."""

from typing import Any

import msgspec
from litestar import MediaType, Response

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def json_answer(status: int, body: Any, headers: dict[str, str]) -> Response[bytes]:
    """JSON, whatever content type a library had in mind."""
    kept = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    return Response(msgspec.json.encode(body), status_code=status, media_type=MediaType.JSON, headers=kept)


def refused(status: int, error: str, scheme: str = "Bearer") -> Response[bytes]:
    """A token that is not good here (RFC 6750 §3, RFC 9449 §7.1)."""
    challenge = {"WWW-Authenticate": f'{scheme} error="{error}"'}
    return json_answer(status, {"error": error}, {**NO_STORE, **challenge})
