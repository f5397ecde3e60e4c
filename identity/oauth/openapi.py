"""What the description of the API says of the form bodies, which are read at the edge and not by the framework."""

from dataclasses import dataclass

from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema

from identity.clients.schemas import GRANT_TYPES

_TEXT = Schema(type=OpenAPIType.STRING)
_CLIENT = {
    "client_id": _TEXT,
    "client_secret": _TEXT,
    "client_assertion_type": _TEXT,
    "client_assertion": _TEXT,
}


def _form(required: list[str], **fields: Schema) -> RequestBody:
    schema = Schema(type=OpenAPIType.OBJECT, properties={**fields, **_CLIENT}, required=required)
    return RequestBody(
        content={"application/x-www-form-urlencoded": OpenAPIMediaType(schema=schema)}, required=True
    )


@dataclass
class TokenOperation(Operation):
    """The token endpoint."""

    def __post_init__(self) -> None:
        self.request_body = _form(
            ["grant_type"],
            grant_type=Schema(type=OpenAPIType.STRING, enum=list(GRANT_TYPES)),
            **dict.fromkeys(
                (
                    "code",
                    "redirect_uri",
                    "code_verifier",
                    "refresh_token",
                    "device_code",
                    "subject_token",
                    "subject_token_type",
                    "actor_token",
                    "actor_token_type",
                    "requested_token_type",
                    "audience",
                    "resource",
                    "scope",
                    "authorization_details",
                ),
                _TEXT,
            ),
        )


@dataclass
class RevocationOperation(Operation):
    """The revocation endpoint."""

    def __post_init__(self) -> None:
        self.request_body = _form(["token"], token=_TEXT, token_type_hint=_TEXT)


@dataclass
class IntrospectionOperation(RevocationOperation):
    """The introspection endpoint takes the same form."""


@dataclass
class PushOperation(Operation):
    """The endpoint for pushed authorization requests."""

    def __post_init__(self) -> None:
        names = (
            "response_type",
            "redirect_uri",
            "scope",
            "state",
            "nonce",
            "code_challenge",
            "code_challenge_method",
            "prompt",
            "max_age",
            "acr_values",
            "login_hint",
            "id_token_hint",
            "claims",
            "authorization_details",
            "dpop_jkt",
        )
        self.request_body = _form(["response_type"], **dict.fromkeys(names, _TEXT))


@dataclass
class DeviceOperation(Operation):
    """The device authorization endpoint."""

    def __post_init__(self) -> None:
        self.request_body = _form(["scope"], scope=_TEXT, authorization_details=_TEXT)


@dataclass
class UserinfoOperation(Operation):
    """Userinfo by POST."""

    def __post_init__(self) -> None:
        self.request_body = _form([], access_token=_TEXT)


@dataclass
class MetadataOperation(Operation):
    """A client's metadata (RFC 7591 §2)."""

    def __post_init__(self) -> None:
        texts = ("client_name", "token_endpoint_auth_method", "scope", "jwks_uri", "sector_identifier_uri")
        lists = ("redirect_uris", "post_logout_redirect_uris", "grant_types", "response_types", "contacts")
        array = Schema(type=OpenAPIType.ARRAY, items=_TEXT)
        schema = Schema(
            type=OpenAPIType.OBJECT, properties={**dict.fromkeys(texts, _TEXT), **dict.fromkeys(lists, array)}
        )
        self.request_body = RequestBody(
            content={"application/json": OpenAPIMediaType(schema=schema)}, required=True
        )
