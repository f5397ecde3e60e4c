"""What identity providers tell about a person, as their interfaces name it."""

import msgspec

from connectors.wire import IdNumber, PersonName


class Discovery(msgspec.Struct, frozen=True):
    """The part of OpenID Connect Discovery that a sign-in needs."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""


class TokenAnswer(msgspec.Struct, frozen=True):
    access_token: str
    id_token: str


class VerifiedPerson(msgspec.Struct, frozen=True):
    """实名信息 as the province's identity tells it after the person agreed; ``level`` of its own four, 3 and 4 are real-name."""

    subject: str = msgspec.field(name="sub")
    name: PersonName = msgspec.field(name="xm")
    id_number: IdNumber = msgspec.field(name="gmsfhm")
    level: int = msgspec.field(name="rzdj", default=0)


class NetworkIdentityQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """网号核验: does this 网号 belong to whoever has this name and number?"""

    subject: str = msgspec.field(name="wh")
    name: PersonName = msgspec.field(name="xm")
    id_number: IdNumber = msgspec.field(name="gmsfhm")


class NetworkIdentityAnswer(msgspec.Struct, frozen=True):
    is_match: bool = msgspec.field(name="hcjg")
