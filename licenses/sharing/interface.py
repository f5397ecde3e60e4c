"""The national sharing operations 电子证照共享服务: by their names and codes, ``useCause`` mandatory, each use on record."""

import base64
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from identity.registry import service as registry
from identity.registry.identifiers import mask_name
from kernel.errors import DongchuError, Forbidden, Gone, InvalidInput, NotFound, Unauthenticated
from kernel.house import House
from kernel.ids import new_token
from licenses import repository as licences
from licenses import showing
from licenses.catalogue import LicenceType, licence_type, type_of_code
from licenses.document.service import LARGEST, draw, verify_document
from licenses.identifier import parse_identifier
from licenses.models import Licence, LicenceConsumer, LicenceEntitlement
from licenses.schemas import Verification, Verifier, Waiting
from licenses.sharing import consumers, grants, repository
from licenses.trust import authority_named
from licenses.verification import check_licence, verify_credential

OK, NOT_FOUND, AUTHENTICATION, REQUIRED, BAD_PARAMETER, BAD_TYPE, OTHER = (
    "0",
    "10",
    "11",
    "12",
    "102",
    "113",
    "99",
)
NOTHING = "没有查到可以共享的证照"
LONGEST_CAUSE = 200
COPY_DAYS = 30
COPY_SECONDS = 300
#: How "%PDF-" begins in base64.
_PDF = "JVBERi"


class Head(msgspec.Struct, frozen=True, rename={"access_id": "accessId", "access_token": "accessToken"}):
    access_id: str
    access_token: str


class Envelope(msgspec.Struct, frozen=True):
    """``data`` always holds ``useCause``."""

    head: Head
    data: dict[str, Any]


class Refusal(Exception):
    """One of the national codes, with a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Call(msgspec.Struct, frozen=True):
    """One operation in its transaction."""

    session: Session
    house: House
    consumer: LicenceConsumer
    data: Mapping[str, Any]

    def required(self, name: str) -> str:
        value = self.data.get(name)
        if value is None or value == "":
            raise Refusal(REQUIRED, f"必填项为空：{name}")
        if not isinstance(value, str) or len(value) > 20_000:
            raise Refusal(BAD_PARAMETER, f"参数格式不对：{name}")
        return value

    @property
    def cause(self) -> str:
        cause = self.required("useCause").strip()
        if not 0 < len(cause) <= LONGEST_CAUSE:
            raise Refusal(BAD_PARAMETER, f"用证事由应为1至{LONGEST_CAUSE}字")
        return cause


def answer(house: House, operation: str, envelope: Envelope) -> dict[str, Any]:
    """The answer's envelope; refusals are codes in it, as the national interface wants, and leave no use behind."""
    try:
        with house.database.write() as session:
            head = envelope.head
            consumer = consumers.authenticate(session, house, head.access_id, head.access_token)
            call = Call(session, house, consumer, envelope.data)
            perform = OPERATIONS.get(operation)
            if perform is None:
                raise Refusal(BAD_PARAMETER, "没有这个操作")
            _ = call.cause
            return {"head": {"status": OK, "message": "成功"}, "data": perform(call)}
    except Refusal as refusal:
        return _refused(refusal.code, refusal.message)
    except DongchuError as error:
        return _refused(_code_of(error), error.detail)


def _refused(code: str, message: str) -> dict[str, Any]:
    return {"head": {"status": code, "message": message}, "data": None}


def _code_of(error: DongchuError) -> str:
    if isinstance(error, Unauthenticated):
        return AUTHENTICATION
    if isinstance(error, (NotFound, Forbidden, Gone)):
        return NOT_FOUND
    return BAD_PARAMETER if isinstance(error, InvalidInput) else OTHER


def query_by_identifier(call: Call) -> dict[str, Any]:
    """queryCertInfo: by 证照标识."""
    return _shared(call, _by_identifier(call))


def query_by_holder(call: Call) -> dict[str, Any]:
    """queryCertInfoByHolderCode: by the holder's number and the type."""
    return _shared(call, _by_holder(call))


def query_by_qr(call: Call) -> dict[str, Any]:
    """queryCertInfoByQRcode: a shown code, used up by this; the ``handle`` again while the holder has to agree."""
    verifier = Verifier(call.consumer.name, is_known=True, purpose="counter")
    handle = call.data.get("handle")
    found: Verification | Waiting
    if isinstance(handle, str) and handle:
        if showing.is_answered(call.house, handle):
            found = showing.collect(call.session, call.house, handle)
        else:
            found = Waiting(handle)
    else:
        token = call.required("qrCode").rstrip("/").rsplit("/", 1)[-1]
        found = showing.scan(call.session, call.house, token, verifier=verifier, cause=call.cause)
    return msgspec.to_builtins(found)


def verify_info(call: Call) -> dict[str, Any]:
    """verifyCertInfo: whether what the consumer holds is what the licence says; no value leaves."""
    licence, claimed = _by_identifier(call), call.data.get("certInfo")
    if not isinstance(claimed, dict) or not claimed:
        raise Refusal(REQUIRED, "必填项为空：certInfo")
    entitlement, allowed = _allowed(call, licence)
    kind = licence_type(licence.type_id)
    asked = {field.id: claimed[field.element] for field in kind.fields if field.element in claimed}
    if len(asked) != len(claimed) or any(one not in allowed for one in asked):
        raise Refusal(BAD_PARAMETER, "比对的内容超出了登记的用途")
    shared = _release(call, licence, entitlement, list(asked), "verify")
    same = {one: str(shared.fields.get(one)) == str(value) for one, value in asked.items()}
    elements = {field.id: field.element for field in kind.fields}
    is_valid = check_licence(call.session, call.house, licence).result == "valid"
    return {"isValid": is_valid, "matches": {elements[one]: match for one, match in same.items()}}


def verify_file(call: Call) -> dict[str, Any]:
    """verifyFile: an electronic credential (SD-JWT), or a PDF in base64."""
    file = call.data.get("file")
    if isinstance(file, str) and file.startswith(_PDF) and len(file) < 2 * LARGEST:
        try:
            data = base64.b64decode(file, validate=True)
        except ValueError:
            raise Refusal(BAD_PARAMETER, "参数格式不对：file") from None
        return msgspec.to_builtins(verify_document(call.session, call.house, data))
    return msgspec.to_builtins(verify_credential(call.session, call.house, call.required("file")))


def download_file(call: Call) -> dict[str, Any]:
    """downloadFile: the annotated copy itself, in base64."""
    data, licence = _copy(call, _by_identifier(call))
    return {"fileName": f"{licence.id}.pdf", "file": base64.b64encode(data).decode()}


def download_url(call: Call) -> dict[str, Any]:
    """downloadUrl: an address that gives the copy once, within five minutes."""
    return {"url": _address(call, _by_identifier(call))}


def download_urls_by_holder(call: Call) -> dict[str, Any]:
    """downloadUrlsByHolderCode: such an address for the holder's valid licence of a type."""
    return {"urls": [_address(call, _by_holder(call))]}


def remarks(call: Call) -> dict[str, Any]:
    """getCertRemarkInfo: the annotated copies that this consumer has had of a licence."""
    licence = _by_identifier(call)
    _allowed(call, licence)
    copies = repository.copies(call.session, licence.id, call.consumer.name)
    return {
        "remarks": [
            {
                "JZJZZSJ": one.used_at.isoformat(),
                "JZJZZZ": one.verifier,
                "JZJZZSY": one.purpose,
                "JZJYXQJZSJ": (one.used_at + timedelta(days=COPY_DAYS)).isoformat(),
            }
            for one in copies
        ]
    }


def fetch_copy(house: House, token: str) -> bytes:
    """What ``downloadUrl`` promised, once. Raises ``Gone``."""
    data = house.ephemeral.take(_copy_key(house, token))
    if data is None:
        raise Gone("下载地址已用过或已过期。")
    return data


def _copy(call: Call, licence: Licence) -> tuple[bytes, Licence]:
    entitlement, allowed = _allowed(call, licence)
    if check_licence(call.session, call.house, licence).result != "valid":
        raise Refusal(NOT_FOUND, NOTHING)
    shared = _release(call, licence, entitlement, allowed, "download")
    name, cause = call.consumer.name, call.cause
    data = draw(
        call.session, call.house, licence, shared.fields, user=name, purpose=cause[:60], days=COPY_DAYS
    )
    return data, licence


def _address(call: Call, licence: Licence) -> str:
    data, _licence = _copy(call, licence)
    token = new_token(160)
    call.house.ephemeral.put(_copy_key(call.house, token), data, COPY_SECONDS)
    return f"{call.house.settings.base_url}/licenses/share/files/{token}"


def _copy_key(house: House, token: str) -> str:
    return "licence-copy:" + house.vault.hash_token(token).hex()


def _by_identifier(call: Call) -> Licence:
    identifier = str(parse_identifier(call.required("licenseCode"), is_strict=False))
    licence = licences.by_identifier(call.session, identifier)
    if licence is None:
        raise Refusal(NOT_FOUND, NOTHING)
    return licence


def _by_holder(call: Call) -> Licence:
    kind = type_of_code(call.required("certTypeCode"))
    if kind is None:
        raise Refusal(BAD_TYPE, "没有这种证照类型代码")
    scheme = "id_number" if kind.holder == "person" else "uscc"
    vault = call.house.vault
    holder_id = registry.find_by_identifier(call.session, scheme, call.required("holderCode"), vault=vault)
    licence = grants.valid_licence(call.session, call.house, holder_id, kind.id)
    if licence is None:
        raise Refusal(NOT_FOUND, NOTHING)
    return licence


def _shared(call: Call, licence: Licence) -> dict[str, Any]:
    entitlement, allowed = _allowed(call, licence)
    if check_licence(call.session, call.house, licence).result != "valid":
        raise Refusal(NOT_FOUND, NOTHING)
    shared = _release(call, licence, entitlement, allowed, "share")
    kind = licence_type(licence.type_id)
    elements = {field.id: field.element for field in kind.fields}
    return {
        **_metadata(call, licence, kind),
        **{elements[one]: value for one, value in shared.fields.items()},
        "credential": shared.credential,
    }


def _allowed(call: Call, licence: Licence) -> tuple[LicenceEntitlement, list[str]]:
    """What this consumer may see: its entitlement, and for conditional types the holder's grant as well. Without either
    the licence looks like none."""
    kind, today = licence_type(licence.type_id), call.house.clock.today()
    for entitlement in repository.entitlements(call.session, call.consumer.id, kind.id, today):
        if kind.sharing == "unconditional":
            return entitlement, list(entitlement.fields)
        grant = repository.open_grant(call.session, entitlement.id, licence.holder_id)
        is_lasting = grant is not None and grant.state == "granted" and grant.duration != "once"
        if grant is not None and is_lasting and (grant.until is None or today <= grant.until):
            return entitlement, [one for one in grant.granted_fields if one in entitlement.fields]
    raise Refusal(NOT_FOUND, NOTHING)


def _release(
    call: Call, licence: Licence, entitlement: LicenceEntitlement, fields: list[str], kind: str
) -> grants.SharedLicence:
    return grants.release(
        call.session,
        call.house,
        call.consumer,
        entitlement,
        licence,
        fields,
        kind=kind,
        cause=call.cause,
    )


def _metadata(call: Call, licence: Licence, kind: LicenceType) -> dict[str, Any]:
    """The national metadata elements; the holder's name masked, the number never whole."""
    vault = call.house.vault
    name = registry.describe(call.session, [licence.holder_id], vault=vault)[licence.holder_id].name
    return {
        "ZZMC": kind.name,
        "ZZLXDM": kind.code,
        "ZZBS": licence.identifier,
        "ZZBFJG": authority_named(licence.issuer).name,
        "ZZBFJGDM": licence.issuer,
        "ZZBFRQ": licence.issued_on.isoformat(),
        "CZZT": mask_name(name) if kind.holder == "person" else name,
        "CZZTDMLXDM": "111" if kind.holder == "person" else "001",
        "ZZYXQQSRQ": licence.issued_on.isoformat(),
        "ZZYXQJZRQ": None if licence.valid_until is None else licence.valid_until.isoformat(),
        "ZZZT": licence.state,
    }


OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "queryCertInfo": query_by_identifier,
    "queryCertInfoByHolderCode": query_by_holder,
    "queryCertInfoByQRcode": query_by_qr,
    "verifyCertInfo": verify_info,
    "verifyFile": verify_file,
    "downloadFile": download_file,
    "downloadUrl": download_url,
    "downloadUrlsByHolderCode": download_urls_by_holder,
    "getCertRemarkInfo": remarks,
}
