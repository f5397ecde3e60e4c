"""What the description of the API says of bodies that are read as the specifications want it, not by the framework."""

from dataclasses import dataclass

from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema

TEXT = Schema(type=OpenAPIType.STRING)
_PROOFS = Schema(
    type=OpenAPIType.OBJECT, properties={"jwt": Schema(type=OpenAPIType.ARRAY, items=TEXT)}, required=["jwt"]
)


def body_of(media_type: str, required: list[str], **properties: Schema) -> RequestBody:
    """One object of these members."""
    schema = Schema(type=OpenAPIType.OBJECT, properties={**properties}, required=required)
    return RequestBody(content={media_type: OpenAPIMediaType(schema=schema)}, required=True)


@dataclass
class TokenOperation(Operation):
    """The token endpoint."""

    def __post_init__(self) -> None:
        self.request_body = body_of(
            "application/x-www-form-urlencoded",
            ["grant_type", "pre-authorized_code"],
            **{
                "grant_type": TEXT,
                "pre-authorized_code": TEXT,
                "tx_code": TEXT,
                "authorization_details": TEXT,
            },
        )


@dataclass
class CredentialOperation(Operation):
    """The credential endpoint."""

    def __post_init__(self) -> None:
        self.request_body = body_of(
            "application/json",
            ["proofs"],
            credential_configuration_id=TEXT,
            credential_identifier=TEXT,
            proofs=_PROOFS,
        )


@dataclass
class NotificationOperation(Operation):
    """The notification endpoint."""

    def __post_init__(self) -> None:
        events = Schema(
            type=OpenAPIType.STRING, enum=["credential_accepted", "credential_failure", "credential_deleted"]
        )
        self.request_body = body_of(
            "application/json", ["notification_id", "event"], notification_id=TEXT, event=events
        )
