"""Taking an agreement back: by the member in the app, by their proxy, or at a counter in every way in which it is given.

个人信息保护法 Art. 15: consent is taken back as easily as it is given, and what was done on it before stands. Nobody may
agree for another person; but whoever holds a mandate may end what is done to them. The whole household's check ends with
one member's word: who else agreed did so to a sum of all. What that does to the claim is said before (``consequences``).
"""

import uuid
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from kernel.errors import FieldError, IllegalTransition, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from kernel.wording import worded
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.means import recordings, repository, witnessing
from policy_engine.delivery.means.ending import AT_A_DESK, end, forget_found, tell
from policy_engine.delivery.means.models import MeansCheck, MeansConsent
from policy_engine.delivery.means.service import (
    checked_paper,
    consent_at_counter,
    log,
    names_of_household,
    require_seat,
    required,
)
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import ClaimState

LONGEST_MANDATE = 100


class Bearer(msgspec.Struct, frozen=True, kw_only=True):
    """Who brought the member's word to the counter; ``mandate`` says which written authority they showed."""

    name: str
    mandate: str


def withdraw(
    session: Session, ports: Ports, *, check_id: uuid.UUID, principal: Principal, now: datetime
) -> MeansCheck:
    """A member takes the word back, or a person's proxy for them; nobody is asked any more.

    Raises ``NotFound`` for whoever has no word here.
    """
    check = required(session, check_id).check
    member = _speaks_for(principal)
    consent = None if member is None else repository.consent_of(session, check.id, member)
    if member is None or consent is None:
        raise NotFound(_("没有找到您要的内容。"))
    if member != principal.subject_id:
        body = worded("%(person)s代您撤回了核对家庭经济状况的同意。", person=principal.name)
        tell(session, {member}, check, worded("已代您撤回授权"), body, now=now)
    _taken_back(session, ports, check, consent, channel="app", by_id=principal.subject_id, now=now)
    return check


def withdraw_at_counter(
    session: Session,
    ports: Ports,
    *,
    check_id: uuid.UUID,
    principal: Principal,
    subject_id: int,
    paper: str,
    way: witnessing.Way = "paper",
    witnessed: witnessing.Witnessed | None = None,
    bearer: Bearer | None = None,
    recording: recordings.SealedRecording | None = None,
    now: datetime,
) -> MeansCheck:
    """A member takes the word back before an official, or sends somebody with a written mandate. The member is told."""
    claim, check = required(session, check_id)
    require_seat(session, claim, principal)
    paper = checked_paper(paper, _("请写明撤回书或录音录像的存档编号。"))
    consent = consent_at_counter(session, check, principal, subject_id)
    interested = {principal.name, *names_of_household(session, ports, check)}
    seen = witnessing.checked(way, witnessing.with_digest(way, witnessed, recording), interested=interested)
    sent = _checked_bearer(way, bearer, principal)
    consent.withdrawal_sealed = _sealed(ports, consent, _Proof(witnessed=seen, bearer=sent))
    consent.withdrawal_paper = paper
    body = worded(
        "窗口登记了您撤回核对家庭经济状况的同意，查到的信息已删除。如果不是您的意思，请拨打 12345。"
    )
    tell(session, {subject_id}, check, worded("已登记您撤回授权"), body, now=now)
    _taken_back(session, ports, check, consent, channel=way, by_id=principal.subject_id, now=now)
    if recording is not None:
        recordings.keep(session, consent, recording, "withdrawn", by_id=principal.subject_id, now=now)
    log(session, claim, f"claim.means_withdrawn_{way}", principal, check, now=now)
    return check


def consequences(session: Session, check: MeansCheck, claim: Claim) -> tuple[str, ...]:
    """What taking the word back would do now, in the reader's language: told before it is done."""
    asked = repository.inquiries(session, check.id)
    answered = sum(one.state != "asked" for one in asked)
    lines = [_("全家的核对到此结束，其他成员的同意也不再使用。")]
    if check.state == "authorising":
        lines.append(_("还没有向任何单位查询，以后也不会查询。"))
    elif check.state == "asking":
        lines.append(
            _(
                "已发出 %(sent)d 项查询，其中 %(count)d 项已答复：已答复的删除，没答复的不再等，来了也不用。",
                sent=len(asked),
                count=answered,
            )
        )
    else:
        lines.append(_("核对结果，以及写入家庭信息的收入和财产，都会删除。"))
    if claim.state in AT_A_DESK:
        lines.append(
            _(
                "申请不会因此自动被拒，会按已有的信息继续办理；缺少核对结果，可能要您另外证明，也可能不予批准。"
            )
        )
    elif claim.state in (ClaimState.NOTICE, ClaimState.OBJECTION, ClaimState.GRANTED):
        lines.append(_("已经作出的决定不因撤回而改变；以后定期复核时需要重新同意核对。"))
    lines.append(_("以后愿意的，可以请工作人员重新发起核对。"))
    return tuple(lines)


def bearer_of(ports: Ports, consent: MeansConsent) -> tuple[witnessing.Witnessed | None, Bearer | None]:
    """Before whom, and brought by whom, a word was taken back at a counter."""
    if consent.withdrawal_sealed is None:
        return None, None
    opened = ports.vault.open(consent.withdrawal_sealed, context=_place(consent))
    proof = msgspec.json.decode(opened, type=_Proof)
    return proof.witnessed, proof.bearer


class _Proof(msgspec.Struct, frozen=True, kw_only=True):
    witnessed: witnessing.Witnessed | None
    bearer: Bearer | None


def _speaks_for(principal: Principal) -> int | None:
    """Whose word the principal may take back."""
    if principal.capacity == "self":
        return principal.subject_id
    return principal.acting_for if principal.capacity == "person" else None


def _taken_back(
    session: Session,
    ports: Ports,
    check: MeansCheck,
    consent: MeansConsent,
    *,
    channel: str,
    by_id: int,
    now: datetime,
) -> None:
    if check.state not in (*repository.OPEN, "done") or consent.state != "given":
        raise IllegalTransition(_("这次核对已经结束，或没有可以撤回的同意。"))
    consent.state, consent.said_at = "withdrawn", now
    consent.withdrawal_channel, consent.withdrawal_by_id = channel, by_id
    session.flush()
    forget_found(session, check, now=now)
    end(session, ports, check, "withdrawn", now=now)


def _checked_bearer(way: witnessing.Way, bearer: Bearer | None, principal: Principal) -> Bearer | None:
    if bearer is None or not (bearer.name.strip() or bearer.mandate.strip()):
        return None
    tidy = Bearer(name=bearer.name.strip(), mandate=bearer.mandate.strip())
    errors = [
        FieldError(name, what)
        for name, value, longest, what in (
            ("bearer", tidy.name, witnessing.LONGEST_NAME, _("请填写代办人姓名。")),
            ("mandate", tidy.mandate, LONGEST_MANDATE, _("请写明委托书的存档编号。")),
        )
        if not 0 < len(value) <= longest or not value.isprintable()
    ]
    if tidy.name == principal.name:
        errors.append(FieldError("bearer", _("经办人不能同时是代办人。")))
    if way == "voice":
        errors.append(FieldError("bearer", _("口述的要本人到场；代办人来的，请选本人签字或捺指印的委托书。")))
    if errors:
        raise InvalidInput(_("有几处填得不对，请按提示修改。"), errors=errors)
    return tidy


def _sealed(ports: Ports, consent: MeansConsent, proof: _Proof) -> bytes | None:
    if proof.witnessed is None and proof.bearer is None:
        return None
    return ports.vault.seal(msgspec.json.encode(proof).decode(), context=_place(consent))


def _place(consent: MeansConsent) -> str:
    return f"means_consent/withdrawal_sealed/{consent.id}"
