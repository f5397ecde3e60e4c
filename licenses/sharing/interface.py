"""The national sharing operations 电子证照共享服务: by their names and codes, ``useCause`` mandatory, each use on record."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from identity.registry import service as registry
from identity.registry.identifiers import mask_name
from kernel.errors import DongchuError, Forbidden, Gone, InvalidInput, NotFound, Unauthenticated
from kernel.house import House
from licenses import repository as licences
from licenses import showing
from licenses.catalogue import LicenceType, licence_type, type_of_code
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
LONGEST_CAUSE = 200


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
    identifier = str(parse_identifier(call.required("licenseCode"), is_strict=False))
    licence = licences.by_identifier(call.session, identifier)
    if licence is None:
        raise Refusal(NOT_FOUND, "没有查到可以共享的证照")
    return _shared(call, licence)


def query_by_holder(call: Call) -> dict[str, Any]:
    """queryCertInfoByHolderCode: by the holder's number and the type."""
    kind = type_of_code(call.required("certTypeCode"))
    if kind is None:
        raise Refusal(BAD_TYPE, "没有这种证照类型代码")
    scheme = "id_number" if kind.holder == "person" else "uscc"
    vault = call.house.vault
    holder_id = registry.find_by_identifier(call.session, scheme, call.required("holderCode"), vault=vault)
    licence = grants.valid_licence(call.session, call.house, holder_id, kind.id)
    if licence is None:
        raise Refusal(NOT_FOUND, "没有查到可以共享的证照")
    return _shared(call, licence)


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
    identifier = str(parse_identifier(call.required("licenseCode"), is_strict=False))
    licence = licences.by_identifier(call.session, identifier)
    claimed = call.data.get("certInfo")
    if not isinstance(claimed, dict) or not claimed:
        raise Refusal(REQUIRED, "必填项为空：certInfo")
    if licence is None:
        raise Refusal(NOT_FOUND, "没有查到可以共享的证照")
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
    """verifyFile: an electronic credential (SD-JWT)."""
    return msgspec.to_builtins(verify_credential(call.session, call.house, call.required("file")))


def _shared(call: Call, licence: Licence) -> dict[str, Any]:
    entitlement, allowed = _allowed(call, licence)
    if check_licence(call.session, call.house, licence).result != "valid":
        raise Refusal(NOT_FOUND, "没有查到可以共享的证照")
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
    raise Refusal(NOT_FOUND, "没有查到可以共享的证照")


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
}
