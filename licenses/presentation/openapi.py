"""What the description of the API says of the forms that wallets send."""

from dataclasses import dataclass

from litestar.openapi.spec import Operation

from licenses.issuance.openapi import TEXT, body_of

_FORM = "application/x-www-form-urlencoded"


@dataclass
class RequestOperation(Operation):
    """The request object, by POST."""

    def __post_init__(self) -> None:
        self.request_body = body_of(_FORM, [], wallet_metadata=TEXT, wallet_nonce=TEXT)


@dataclass
class ResponseOperation(Operation):
    """The answer of the wallet."""

    def __post_init__(self) -> None:
        fields = dict.fromkeys(("response", "vp_token", "state", "error", "error_description"), TEXT)
        self.request_body = body_of(_FORM, [], **fields)
