"""A licence without a network: a signed payload of at most 500 bytes that says its status as of a moment. Reading is pure."""

import base64
import uuid
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from joserfc.jwk import ECKey
from sqlalchemy.orm import Session

from identity.registry import service as registry
from identity.registry.identifiers import mask_name
from kernel.errors import Conflict
from kernel.house import House
from licenses import keys, repository
from licenses.catalogue import licence_type, type_of_code
from licenses.identifier import parse_identifier
from licenses.schemas import OfflineCode, Verification, Verifier
from licenses.trust import trust_list
from licenses.uses import record_use
from licenses.verification import check_licence
from licenses.wallet import owned
from licenses.writing import content

PREFIX = "DC1:"
LONGEST = 500
_ES256 = ECDSA(hashes.SHA256())
_SIGNATURE = 64


class OfflinePayload(msgspec.Struct, frozen=True, array_like=True):
    """What is signed: short, because a dense code is hard to scan. Instants are seconds since 1970."""

    key: bytes
    identifier: str
    holder: str
    as_of: int
    good_until: int
    fields: dict[str, Any]


class OfflineReading(msgspec.Struct, frozen=True):
    """``undetermined`` when the payload is genuine but older than its type allows."""

    result: Literal["valid", "not_valid", "undetermined"]
    reason: str
    as_of: datetime | None = None
    identifier: str = ""
    type_name: str = ""
    holder: str = ""
    fields: dict[str, Any] = {}


def make(session: Session, house: House, holder_ids: Collection[int], licence_id: uuid.UUID) -> OfflineCode:
    """The holder takes a licence along; what anyone may see leaves with it, so this is a use. Raises ``Conflict`` for a
    licence that is not valid now."""
    licence = owned(session, holder_ids, licence_id)
    kind = licence_type(licence.type_id)
    if kind.is_reference or check_licence(session, house, licence).result != "valid":
        raise Conflict("这份证照现在不能离线出示。")
    now = house.clock.now()
    good_until = now + timedelta(hours=kind.offline_hours)
    name = registry.describe(session, [licence.holder_id], vault=house.vault)[licence.holder_id].name
    stored = content(house, licence).fields
    fields = {one: stored[one] for one in kind.shown_fields if one in stored}
    key = keys.credential_key(session, house)
    key_id = uuid.UUID(key.kid or "").bytes
    holder = mask_name(name) if kind.holder == "person" else name[:40]
    while True:
        payload = OfflinePayload(
            key_id,
            licence.identifier,
            holder,
            int(now.timestamp()),
            int(good_until.timestamp()),
            fields,
        )
        text = _signed(key, payload)
        if len(text) <= LONGEST:
            break
        fields = dict(list(fields.items())[:-1])
    verifier = Verifier("离线出示", is_known=False, purpose="anyone")
    cause = "离线出示码"
    record_use(
        session, house, licence, kind="offline", verifier=verifier, purpose=cause, fields=payload.fields
    )
    return OfflineCode(text, now, good_until)


def read(text: str, find_key: Callable[[str], ECKey | None], now: datetime) -> OfflineReading:
    """Check a payload without any store: the signature, the issuer's place on the trust list, and its age."""
    payload = payload_of(text, find_key)
    if payload is None:
        return OfflineReading("not_valid", "这个码不是本市签发的，或被改动过。")
    as_of = datetime.fromtimestamp(payload.as_of, UTC)
    identifier = parse_identifier(payload.identifier, is_strict=False)
    kind = type_of_code(identifier.type_code)
    if kind is None or not trust_list().is_trusted(identifier.issuer, kind.id, as_of.date()):
        return OfflineReading("not_valid", "颁发机构不在名录中。", as_of)
    names = {field.id: field.name for field in kind.fields}
    fields = {names.get(name, name): value for name, value in payload.fields.items()}
    known = (as_of, payload.identifier, kind.name, payload.holder, fields)
    if now.timestamp() > payload.good_until:
        return OfflineReading("undetermined", "离线状态已过期，请联网查验。", *known)
    return OfflineReading("valid", "", *known)


def verify_offline(session: Session, house: House, text: str) -> Verification:
    """With a network the status is read as of now, whatever the payload says."""
    now = house.clock.now()
    payload = payload_of(text, keys.public_credential_keys(session).get)
    if payload is None:
        return Verification("not_valid", ["这个码不是本市签发的，或被改动过。"], now)
    licence = repository.by_identifier(session, payload.identifier)
    if licence is None:
        return Verification("undetermined", ["签名有效，但没有查到对应的证照。"], now)
    return check_licence(session, house, licence, disclosed=payload.fields.keys())


def payload_of(text: str, find_key: Callable[[str], ECKey | None]) -> OfflinePayload | None:
    """What was signed, ``None`` when it was not, or not by us."""
    try:
        raw = base64.urlsafe_b64decode(text.removeprefix(PREFIX) + "==")
        body, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
        payload = msgspec.msgpack.decode(body, type=OfflinePayload)
        key = find_key(str(uuid.UUID(bytes=payload.key)))
        if key is None or not text.startswith(PREFIX):
            return None
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        key.public_key.verify(encode_dss_signature(r, s), body, _ES256)
    except (InvalidSignature, msgspec.DecodeError, ValueError):
        return None
    return payload


def _signed(key: ECKey, payload: OfflinePayload) -> str:
    body = msgspec.msgpack.encode(payload)
    if key.private_key is None:
        raise ValueError("a public key cannot sign")
    r, s = decode_dss_signature(key.private_key.sign(body, _ES256))
    return PREFIX + base64.urlsafe_b64encode(body + r.to_bytes(32) + s.to_bytes(32)).rstrip(b"=").decode()
