"""Refusals in the words of the specifications: RFC 6749 §5.2 at the token endpoint, OpenID4VCI §8.3.1 and §11.3 behind it."""

from typing import Any


class ProtocolError(Exception):
    """``error`` is the code that the specification gives; ``description`` is plain ASCII for whoever builds a wallet."""

    def __init__(self, error: str, description: str, *, status: int = 400, challenge: str = "") -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status
        self.challenge = challenge

    @property
    def body(self) -> dict[str, Any]:
        return {"error": self.error, "error_description": self.description}


def invalid_token(description: str) -> ProtocolError:
    """RFC 6750 §3.1; the scheme of the challenge is set by the edge."""
    return ProtocolError("invalid_token", description, status=401, challenge="invalid_token")
