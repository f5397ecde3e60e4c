"""What browsers are told to refuse: foreign scripts, frames, sniffing and leaking addresses."""

from typing import Final

from litestar.types import Message, Scope


def content_policy(form_targets: tuple[str, ...] = ()) -> str:
    """The content policy; `form_targets` are origins a form may lead on to by redirect (an OAuth client's callback)."""
    return "; ".join(
        (
            "default-src 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            "img-src 'self' data:",
            " ".join(("form-action 'self'", *form_targets)),
            "frame-ancestors 'none'",
        )
    )


HEADERS: Final = {
    "content-security-policy": content_policy(),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=()",
}


_RAW: Final = tuple((name.encode(), value.encode()) for name, value in HEADERS.items())


async def add_security_headers(message: Message, scope: Scope) -> None:
    """A `before_send` hook for Litestar: adds every header a response does not set itself (errors included)."""
    if message["type"] == "http.response.start" and scope["type"] == "http":
        given = list(message.get("headers", ()))
        known = {name.lower() for name, _ in given}
        message["headers"] = [*given, *(pair for pair in _RAW if pair[0] not in known)]
