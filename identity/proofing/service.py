"""Record that somebody showed in person who they are: an official saw them and two papers, or public security their face.

Two facts, of two kinds, are written down each time, so that a check can be looked into afterwards. No picture is kept.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

import msgspec
from sqlalchemy.orm import Session

from identity.accounts import repository as accounts
from identity.accounts.models import Account
from identity.proofing.models import InPersonProof
from identity.recovery import service as recovery
from identity.trail import note
from kernel import audit
from kernel.clock import business_date
from kernel.crypto import Vault
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput
from kernel.i18n import N_
from kernel.ids import new_id
from kernel.notices.service import notify
from kernel.web.principal import Principal
from kernel.wording import worded

CounterLevel = Literal["L2", "L4"]
#: Papers with a picture that an authority issued; the first fact is one of these.
IDENTITY_PAPERS = {
    "id_card": N_("居民身份证"),
    "temporary_id_card": N_("临时居民身份证"),
    "residence_permit": N_("港澳台居民居住证"),
    "foreigner_permit": N_("外国人永久居留身份证"),
    "passport": N_("护照"),
}
#: What a second fact may be; a second identity paper will also do.
OTHER_FACTS = {
    "household_book": N_("户口簿"),
    "social_card": N_("社会保障卡"),
    "driving_licence": N_("驾驶证"),
    "register_answer": N_("答对户籍登记中的一项信息"),
    "known_to_official": N_("村居工作人员当面认识并签字"),
}
_WRONG = "填写的内容有误，请按提示修改。"


class SeenFact(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the official saw: its kind, enough of its number to find it again, and until when it is good."""

    kind: str
    number_tail: str = ""
    valid_until: date | None = None


def prove_at_counter(
    session: Session,
    official: Principal,
    subject_id: int,
    facts: Sequence[SeenFact],
    *,
    level: CounterLevel,
    is_face_compared: bool,
    slip: str,
    vault: Vault,
    now: datetime,
) -> uuid.UUID:
    """Raise a person's account to what was shown: L2 the real name, L4 the face compared with the papers.

    A waiting recovery need wait no longer after L4. Raises ``InvalidInput``, ``Conflict`` or ``Forbidden``.
    """
    if official.subject_id == subject_id or not official.has_duty("counter.assist"):
        raise Forbidden("工作人员不能为自己核验，也不能离开窗口席位核验。")
    _check(facts, level, is_face_compared, slip, business_date(now))
    account = accounts.get(session, subject_id)
    if account is None:
        raise Conflict("这个人还没有账户。请先用手机号注册，再来核验；也可以不注册，由窗口代为办理。")
    proof_id = _record(
        session, subject_id, "counter", level, facts, reference=slip, vault=vault, now=now, official=official
    )
    _raise(account, now, is_in_person=level == "L4")
    if level == "L4":
        recovery.release(session, subject_id, by=official.subject_id, now=now)
    audit.record(
        session,
        actor=official,
        action="identity.proof.counter",
        object_kind="subject",
        object_id=subject_id,
        detail={
            "proof": str(proof_id),
            "level": level,
            "facts": [fact.kind for fact in facts],
            "slip": slip,
        },
        now=now,
    )
    notify(
        session,
        subject_id=subject_id,
        kind="account.changed",
        title=worded("您在窗口完成了身份核验"),
        body=worded("如果您没有去过窗口，请立即拨打12345。"),
        link="/identity/security",
        now=now,
    )
    return proof_id


def record_face(
    session: Session, subject_id: int, *, is_match: bool, reference: str, vault: Vault, now: datetime
) -> None:
    """Public security's answer. A match also proves the real name; the level itself belongs to the sign-in alone."""
    if is_match:
        _record(session, subject_id, "face", "L4", (), reference=reference, vault=vault, now=now)
        account = accounts.get(session, subject_id)
        if account is not None:
            _raise(account, now, is_in_person=False)
    action = "proof.face" if is_match else "proof.face_refused"
    note(session, action, "subject", subject_id, now=now, by=subject_id, reference=reference)


def facts_of(proof: InPersonProof, *, vault: Vault) -> list[SeenFact]:
    """What was seen, for whoever looks into it."""
    return msgspec.json.decode(
        vault.open(proof.facts_sealed, context=_place(proof.proof_id)), type=list[SeenFact]
    )


def _raise(account: Account, now: datetime, *, is_in_person: bool) -> None:
    if account.real_name_at is None:
        account.real_name_at = now
    if is_in_person:
        account.in_person_at = now


def _record(
    session: Session,
    subject_id: int,
    kind: str,
    level: str,
    facts: Sequence[SeenFact],
    *,
    reference: str,
    vault: Vault,
    now: datetime,
    official: Principal | None = None,
) -> uuid.UUID:
    proof_id = new_id()
    text = msgspec.json.encode(list(facts)).decode()
    session.add(
        InPersonProof(
            proof_id=proof_id,
            subject_id=subject_id,
            kind=kind,
            level=level,
            facts_sealed=vault.seal(text, context=_place(proof_id)),
            reference=reference[:64],
            official_id=official.subject_id if official else None,
            seat_id=official.seat.id if official and official.seat else None,
            at=now,
        )
    )
    session.flush()
    return proof_id


def _check(
    facts: Sequence[SeenFact], level: CounterLevel, is_face_compared: bool, slip: str, today: date
) -> None:
    errors = []
    kinds = [fact.kind for fact in facts]
    known = {**IDENTITY_PAPERS, **OTHER_FACTS}
    if len(kinds) != 2 or len(set(kinds)) != 2 or not set(kinds) <= set(known):
        errors.append(FieldError("second", N_("请记下两种不同的依据")))
    if not kinds or kinds[0] not in IDENTITY_PAPERS:
        errors.append(FieldError("first", N_("第一项应是带照片的身份证件")))
    for name, fact in zip(("first", "second"), facts, strict=False):
        if fact.kind in IDENTITY_PAPERS and fact.valid_until is None:
            errors.append(FieldError(f"{name}_until", N_("请填写证件的有效期；长期有效的填 2099-12-31")))
        if fact.valid_until is not None and fact.valid_until < today:
            errors.append(FieldError(f"{name}_until", N_("证件已过期，不能作为依据")))
        if not fact.number_tail.isalnum() or not 2 <= len(fact.number_tail) <= 6:
            errors.append(FieldError(f"{name}_tail", N_("请填写证件号码的最后4位，没有号码的填写登记编号")))
    if level == "L4" and not is_face_compared:
        errors.append(FieldError("compared", N_("最高等级需要当面比对本人和证件照片")))
    if not slip or len(slip) > 60 or not slip.isprintable():
        errors.append(FieldError("slip", N_("请填写核验单编号（60字以内）")))
    if errors:
        raise InvalidInput(_WRONG, errors=errors)


def _place(proof_id: uuid.UUID) -> str:
    return f"in_person_proof/facts_sealed/{proof_id}"
