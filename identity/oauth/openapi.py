"""What the description of the API says of the form bodies, which are read at the edge and not by the framework."""

from dataclasses import dataclass

from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema

_CLIENT = {
    "client_id": Schema(type=OpenAPIType.STRING),
    "client_secret": Schema(type=OpenAPIType.STRING),
}


def _form(required: list[str], **fields: Schema) -> RequestBody:
    schema = Schema(type=OpenAPIType.OBJECT, properties={**fields, **_CLIENT}, required=required)
    return RequestBody(
        content={"application/x-www-form-urlencoded": OpenAPIMediaType(schema=schema)}, required=True
    )


_TEXT = Schema(type=OpenAPIType.STRING)


@dataclass
class TokenOperation(Operation):
    """The token endpoint."""

    def __post_init__(self) -> None:
        self.request_body = _form(
            ["grant_type"],
            grant_type=Schema(type=OpenAPIType.STRING, enum=["authorization_code", "refresh_token"]),
            code=_TEXT,
            redirect_uri=_TEXT,
            code_verifier=_TEXT,
            refresh_token=_TEXT,
            scope=_TEXT,
        )


@dataclass
class RevocationOperation(Operation):
    """The revocation endpoint."""

    def __post_init__(self) -> None:
        self.request_body = _form(["token"], token=_TEXT, token_type_hint=_TEXT)


@dataclass
class IntrospectionOperation(RevocationOperation):
    """The introspection endpoint takes the same form."""
