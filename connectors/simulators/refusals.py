"""How a simulated system says no to a program: a status, a code, a sentence."""

from typing import Any

import msgspec
from litestar import Request, Response
from litestar.datastructures import State

from connectors.outside import Refusal


class Refused(Exception):
    """A final no with a code (422, or what ``status`` says)."""

    def __init__(self, code: str, message: str, *, status: int = 422) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status


def answer_refused(_request: Request[Any, Any, State], error: Refused) -> Response[bytes]:
    body = msgspec.json.encode(Refusal(error.code, error.message))
    return Response(body, status_code=error.status, media_type="application/json")
