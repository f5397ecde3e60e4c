"""Verification for anyone: valid, not valid (why), or undetermined (why). Status is read every time."""

import hmac
from collections.abc import Collection

import msgspec
from sqlalchemy.orm import Session

from identity.registry import service as registry
from identity.registry.identifiers import mask_name
from kernel.clock import business_date
from kernel.errors import InvalidInput, TooManyRequests
from kernel.house import House
from kernel.i18n import gettext as _
from licenses import credential, keys, repository
from licenses.catalogue import licence_type
from licenses.identifier import parse_identifier
from licenses.issuance.repository import copy_in_wallet
from licenses.models import Licence
from licenses.schemas import FieldView, Verification
from licenses.seal import is_seal_genuine
from licenses.states import STATE_LABELS, LicenceState
from licenses.status_list import Places
from licenses.trust import authority_named, trust_list
from licenses.writing import content, seal_payload

SECOND_FACTOR_LENGTH = 4
TRIES = 10
TRIES_WINDOW = 600
SD_JWT_LONGEST = 20_000


def check_licence(
    session: Session, house: House, licence: Licence, *, disclosed: Collection[str] = (), proven: str = ""
) -> Verification:
    """Both signatures, the state and the dates of a stored licence, with only the ``disclosed`` fields. ``proven``: a
    credential whose signature was checked just now; if it is the stored one to the letter, it is not checked twice."""
    kind = licence_type(licence.type_id)
    stored = content(house, licence)
    reasons = _defects(session, licence, stored.sd_jwt, proven) + _state_reasons(house, licence)
    name = registry.describe(session, [licence.holder_id], vault=house.vault)[licence.holder_id].name
    return Verification(
        result="not_valid" if reasons else "valid",
        reasons=reasons,
        checked_at=house.clock.now(),
        identifier=licence.identifier,
        name=kind.name,
        authority=authority_named(licence.issuer).name,
        authority_en=authority_named(licence.issuer).label_en,
        label_en=kind.label_en,
        holder_name=mask_name(name) if kind.holder == "person" else name,
        state_label=STATE_LABELS[LicenceState(licence.state)],
        valid_until=licence.valid_until,
        fields=[
            FieldView(
                field.id,
                field.name,
                field.label_en,
                stored.fields[field.id],
                field.is_sensitive,
                field.type,
            )
            for field in kind.fields_of(licence.schema_version)
            if not reasons and field.id in disclosed and field.id in stored.fields
        ],
    )


def verify_identifier(
    session: Session, house: House, identifier: str, tail: str, *, asker: str
) -> Verification:
    """By identifier and the last four characters of the licence number; a wrong pair answers like an unknown one.

    Identifiers can be guessed, so an asker has ten tries in ten minutes (``TooManyRequests``).
    """
    if house.ephemeral.increment(f"licence-verify:{asker}", TRIES_WINDOW) > TRIES:
        raise TooManyRequests("查验次数过多，请十分钟后再试。", retry_after=TRIES_WINDOW)
    wanted = str(parse_identifier(identifier, is_strict=False))
    if len(tail) != SECOND_FACTOR_LENGTH:
        raise InvalidInput("请填写证照编号的后四位。")
    licence = repository.by_identifier(session, wanted)
    number = (
        ""
        if licence is None
        else house.vault.open(licence.number_sealed, context=f"licence/number/{licence.id}")
    )
    if licence is None or not hmac.compare_digest(number[-4:].encode(), tail.upper().encode()):
        return Verification(
            "undetermined", ["没有查到标识和编号后四位都相符的证照，请核对后再试。"], house.clock.now()
        )
    return check_licence(session, house, licence)


def verify_credential(session: Session, house: House, sd_jwt: str) -> Verification:
    """A credential somebody presents: genuine or not, and the state of its licence as of now."""
    now = house.clock.now()
    if len(sd_jwt) > SD_JWT_LONGEST:
        raise InvalidInput("凭证过长，请确认粘贴的是一份完整的电子凭证。")
    issuers = keys.public_credential_keys(session)
    presented = credential.without_key_binding(sd_jwt.strip())
    try:
        verified = credential.verify(presented, issuers.get)
    except credential.NotGenuine:
        return Verification("not_valid", ["凭证不是本市签发的，或内容被改动过。"], now)
    if "cnf" in verified.claims:
        return _of_copy(session, house, verified)
    licence = repository.by_identifier(session, str(verified.claims.get("licence", "")))
    if licence is None:
        return Verification("undetermined", ["签名有效，但没有查到对应的证照。"], now)
    return check_licence(session, house, licence, disclosed=verified.fields.keys(), proven=presented)


def _of_copy(session: Session, house: House, verified: credential.Credential) -> Verification:
    """A copy out of a wallet, pasted: whose it is only the wallet's key can prove, so nothing of it is shown."""
    sequence = Places.of(house, "wallets").sequence_of(verified.claims)
    found = None if sequence is None else copy_in_wallet(session, sequence)
    if found is None:
        return Verification("undetermined", ["签名有效，但没有查到对应的证照。"], house.clock.now())
    _copy, wallet, licence = found
    answer = check_licence(session, house, licence)
    if wallet.removed_at is not None:
        reasons = [*answer.reasons, _("持有人已把这份证照从这个钱包移除。")]
        answer = msgspec.structs.replace(answer, result="not_valid", reasons=reasons)
    if answer.result != "valid":
        return answer
    reason = _("凭证和证照都有效，但不能证明出示它的人就是持有人。请用“请对方从钱包出示”当面核验。")
    return msgspec.structs.replace(answer, result="undetermined", reasons=[reason], holder_name=None)


def _defects(session: Session, licence: Licence, sd_jwt: str, proven: str) -> list[str]:
    reasons = []
    try:
        if sd_jwt != proven:
            credential.verify(sd_jwt, keys.public_credential_keys(session).get)
    except credential.NotGenuine:
        reasons.append(_("电子签名不符，证照内容可能被改动。"))
    payload = seal_payload(licence.identifier, sd_jwt)
    if not any(is_seal_genuine(key, licence.seal, payload) for key in keys.public_seal_keys(session)):
        reasons.append(_("电子印章不符，证照内容可能被改动。"))
    if not trust_list().is_trusted(licence.issuer, licence.type_id, licence.issued_on):
        reasons.append(_("签发时，这个机构不在这种证照的颁发机构名录中。"))
    return reasons


def _state_reasons(house: House, licence: Licence) -> list[str]:
    reasons = []
    if licence.state != LicenceState.VALID:
        label = _(STATE_LABELS[LicenceState(licence.state)])
        reasons.append(_("证照状态为“%(state)s”。", state=label))
    if licence.superseded_at is not None:
        reasons.append(_("证照已换发新版本，请查验新版本。"))
    if licence.valid_until is not None and licence.valid_until < business_date(house.clock.now()):
        reasons.append(_("证照已于%(day)s到期。", day=licence.valid_until.isoformat()))
    return reasons
