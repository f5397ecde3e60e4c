"""A means check from the asking to the forgetting.

社会救助暂行办法 Art. 58: only on authorisation of the household. Every grown-up member agrees for themselves, in the app
or on paper; one who does not ends it, and so does one who takes the word back. Sources answer over days. The result
counts as long as the authorisation, and goes with it: from the check, and from what is known of the household.
"""

import uuid
from datetime import datetime, timedelta

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, FieldError, Forbidden, IllegalTransition, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.outbox import enqueue
from kernel.web.principal import Principal
from kernel.wording import Wording, worded
from kernel.working_days import add_working_days
from policy_engine.delivery.cases.letters import tell_these
from policy_engine.delivery.cases.numbers import means_number
from policy_engine.delivery.cases.timeline import SYSTEM, actor_of, record_event
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.separation import opens_file
from policy_engine.delivery.means import repository, witnessing
from policy_engine.delivery.means.models import MeansCheck, MeansConsent, MeansInquiry
from policy_engine.delivery.ports import MEANS_SOURCES, MeansAnswer, Ports
from policy_engine.delivery.states import ClaimState
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.forgetting import forget
from policy_engine.profiles.schemas import FactChange
from policy_engine.profiles.service import apply_changes

ASK = "means.ask"
SOURCE = "means_test"
INCOME, ASSETS = "household.monthly_income", "household.assets"
AUTHORISE_WORKING_DAYS = 10
ANSWER_WORKING_DAYS = 15
#: How long a result counts; the authorisation says so.
VALID_DAYS = 180
LONGEST_PAPER = 100
_AT_A_DESK = frozenset(
    {ClaimState.SUBMITTED, ClaimState.JOINT_REVIEW, ClaimState.REVIEW, ClaimState.SUPPLEMENT}
)
_DUTIES = frozenset({"claim.accept", "claim.joint_review", "claim.decide"})


class MeansResult(msgspec.Struct, frozen=True, kw_only=True):
    """Of the household together; ``missing`` names what did not answer."""

    monthly_income_fen: int
    assets_fen: int
    homes: int
    members: int
    missing: tuple[str, ...]


def open_check(
    session: Session, ports: Ports, *, claim_id: uuid.UUID, principal: Principal, now: datetime
) -> MeansCheck:
    """A seat that works on the claim asks the household's members to agree."""
    claim = _claim_for(session, claim_id, principal)
    if claim.state not in _AT_A_DESK:
        raise IllegalTransition(_("这件申请现在不在待办环节。"))
    today, seat = business_date(now), principal.seat
    home = ports.people.household_of(session, claim.subject_id)
    # Without a household of its own number the subject stands for itself.
    is_of_many = home.id != claim.subject_id or len(home.subject_ids) > 1
    members = home.subject_ids - {home.id} if is_of_many else home.subject_ids
    adults = members - ports.people.minors_among(session, members, today)
    if not adults:
        raise Conflict(_("这户没有成年成员，无法授权核对。"))
    check = MeansCheck(
        id=new_id(),
        number=means_number(session, claim.division, today),
        claim_id=claim.id,
        household_id=home.id,
        division=claim.division,
        state="authorising",
        opened_by_id=principal.subject_id,
        opened_by_seat=f"{seat.department}·{seat.title}" if seat is not None else "",
        opened_at=now,
        due_on=add_working_days(today, AUTHORISE_WORKING_DAYS),
    )
    try:
        with session.begin_nested():
            session.add(check)
    except IntegrityError as clash:
        raise Conflict(_("这件申请的核对正在进行。")) from clash
    for place, member in enumerate(sorted(adults), start=1):
        session.add(
            MeansConsent(
                check_id=check.id, subject_id=member, number=f"{check.number}-{place}", state="waiting"
            )
        )
    _log(session, claim, "claim.means_opened", principal, check, now=now)
    _tell(
        session,
        adults,
        check,
        worded("请授权核对家庭经济状况"),
        worded("%(seat)s请您在 %(due)s 前同意或不同意。", seat=check.opened_by_seat, due=check.due_on),
        now=now,
    )
    return check


def say(
    session: Session,
    ports: Ports,
    *,
    check_id: uuid.UUID,
    principal: Principal,
    agrees: bool,
    now: datetime,
) -> MeansCheck:
    """A member agrees, or does not, for themselves. Raises ``NotFound`` for whoever is none."""
    check = _open_check(session, check_id)
    consent = _own_consent(session, check, principal)
    _said(session, ports, check, consent, agrees, channel="app", paper=None, by_id=None, now=now)
    return check


def record_paper(
    session: Session,
    ports: Ports,
    *,
    check_id: uuid.UUID,
    principal: Principal,
    subject_id: int,
    paper: str,
    way: witnessing.Way = "paper",
    witnessed: witnessing.Witnessed | None = None,
    now: datetime,
) -> MeansCheck:
    """A member agreed at a counter; ``paper`` says where the signed paper, or the recording, is filed.

    Who cannot sign puts a thumb to it or says so on a recording, before a witness (``witnessing``). The member is told.
    """
    check = _open_check(session, check_id)
    claim = _claim_for(session, check.claim_id, principal)
    paper = paper.strip()
    if not paper or len(paper) > LONGEST_PAPER:
        what = _("请写明授权书的存档编号。")
        raise InvalidInput(what, errors=[FieldError("paper", what)])
    consent = next(
        (one for one in repository.consents(session, check.id) if one.subject_id == subject_id), None
    )
    if consent is None:
        raise NotFound(_("没有找到您要的内容。"))
    if principal.subject_id == subject_id:
        raise Forbidden(_("您与这件申请有利害关系，应当回避。"))
    names = ports.people.names_of(session, {one.subject_id for one in repository.consents(session, check.id)})
    seen = witnessing.checked(way, witnessed, interested={principal.name, *names.values()})
    if seen is not None:
        consent.witnessed_sealed = witnessing.seal(ports.vault, consent.id, seen)
    body = worded("窗口登记了您同意核对家庭经济状况。如果不是您的意思，可以随时撤回，或拨打 12345。")
    _tell(session, {subject_id}, check, worded("已登记您的授权"), body, now=now)
    _said(
        session,
        ports,
        check,
        consent,
        True,
        channel=way,
        paper=paper,
        by_id=principal.subject_id,
        now=now,
    )
    _log(session, claim, f"claim.means_{way}", principal, check, now=now)
    return check


def withdraw(
    session: Session, ports: Ports, *, check_id: uuid.UUID, principal: Principal, now: datetime
) -> MeansCheck:
    """A member takes the word back, at any time: nobody is asked any more, and what came in is forgotten."""
    check = repository.lock_check(session, check_id)
    if check is None:
        raise NotFound(_("没有找到您要的内容。"))
    consent = _own_consent(session, check, principal)
    if check.state not in (*repository.OPEN, "done") or consent.state != "given":
        raise IllegalTransition(_("这次核对已经结束。"))
    consent.state, consent.said_at = "withdrawn", now
    _forget(session, check, now=now)
    _end(session, ports, check, "withdrawn", now=now)
    return check


def take_answer(
    session: Session,
    ports: Ports,
    inquiry: MeansInquiry,
    answer: MeansAnswer | None,
    failure: str,
    *,
    now: datetime,
) -> None:
    """What a source said, or that it will not; when the last one has, the result is worked out. Twice is once."""
    check = repository.lock_check(session, inquiry.check_id)
    if check is None or check.state != "asking" or inquiry.state != "asked":
        return
    if answer is None:
        inquiry.state, inquiry.failure = "failed", failure[:200]
    else:
        inquiry.state, inquiry.answered_at = "answered", now
        inquiry.answer_sealed = ports.vault.seal(
            msgspec.json.encode(answer).decode(), context=f"means_inquiry/answer_sealed/{inquiry.id}"
        )
    session.flush()
    if all(one.state != "asked" for one in repository.inquiries(session, check.id)):
        _complete(session, ports, check, now=now)


def keep_time(session: Session, ports: Ports, *, now: datetime, limit: int = 50) -> int:
    """Members are reminded, then the asking lapses; silent sources are given up; ended terms are forgotten."""
    today, done = business_date(now), 0
    soon = add_working_days(today, 3)
    for check in repository.overdue(session, ("authorising",), soon, limit, unreminded=True):
        check.reminded_at, done = now, done + 1
        waiting = {one.subject_id for one in repository.consents(session, check.id) if one.state == "waiting"}
        body = worded("请在 %(due)s 前同意或不同意；不授权不影响其他待遇。", due=check.due_on)
        _tell(session, waiting, check, worded("还在等您授权核对"), body, now=now)
    for check in repository.overdue(session, ("authorising",), today, limit, unreminded=False):
        _end(session, ports, check, "lapsed", now=now)
        done += 1
    for check in repository.overdue(session, ("asking",), today, limit, unreminded=False):
        for inquiry in repository.inquiries(session, check.id):
            if inquiry.state == "asked":
                inquiry.state, inquiry.failure = "failed", "没有按期答复"
        session.flush()
        _complete(session, ports, check, now=now)
        done += 1
    for check in repository.ended_terms(session, today, limit):
        _forget(session, check, now=now)
        check.state, done = "expired", done + 1
    return done


def result_of(ports: Ports, check: MeansCheck) -> MeansResult | None:
    """The result while it counts."""
    if check.result_sealed is None:
        return None
    opened = ports.vault.open(check.result_sealed, context=f"means_check/result_sealed/{check.id}")
    return msgspec.json.decode(opened, type=MeansResult)


def _said(
    session: Session,
    ports: Ports,
    check: MeansCheck,
    consent: MeansConsent,
    agrees: bool,
    *,
    channel: str,
    paper: str | None,
    by_id: int | None,
    now: datetime,
) -> None:
    if check.state != "authorising" or consent.state != "waiting":
        raise IllegalTransition(_("这次核对已经结束，或您已经表示过意见。"))
    consent.state, consent.said_at = ("given" if agrees else "refused"), now
    consent.channel, consent.paper, consent.recorded_by_id = channel, paper, by_id
    session.flush()
    if not agrees:
        _end(session, ports, check, "refused", now=now)
        return
    everybody = repository.consents(session, check.id)
    if all(one.state == "given" for one in everybody):
        _ask_everybody(session, check, everybody, now=now)


def _ask_everybody(
    session: Session, check: MeansCheck, consents: list[MeansConsent], *, now: datetime
) -> None:
    check.state, check.reminded_at = "asking", None
    check.due_on = add_working_days(business_date(now), ANSWER_WORKING_DAYS)
    for consent in consents:
        for source in MEANS_SOURCES:
            inquiry = MeansInquiry(
                id=new_id(),
                check_id=check.id,
                subject_id=consent.subject_id,
                source=source,
                number=f"HD-{new_id().hex[:24]}",
                consent_number=consent.number,
                state="asked",
                asked_at=now,
            )
            session.add(inquiry)
            enqueue(session, ASK, f"means:{inquiry.id}", {"inquiry_id": str(inquiry.id)}, now=now)


def _complete(session: Session, ports: Ports, check: MeansCheck, *, now: datetime) -> None:
    """The household's means together; facts only where every source has answered."""
    found = repository.inquiries(session, check.id)
    answers = [
        msgspec.json.decode(
            ports.vault.open(one.answer_sealed, context=f"means_inquiry/answer_sealed/{one.id}"),
            type=MeansAnswer,
        )
        for one in found
        if one.answer_sealed is not None
    ]
    result = MeansResult(
        monthly_income_fen=sum(one.monthly_income_fen for one in answers),
        assets_fen=sum(one.assets_fen for one in answers),
        homes=sum(one.homes for one in answers),
        members=len({one.subject_id for one in found}),
        missing=tuple(sorted({one.source for one in found if one.state == "failed"})),
    )
    check.is_incomplete = bool(result.missing)
    check.valid_until_on = business_date(now) + timedelta(days=VALID_DAYS)
    check.result_sealed = ports.vault.seal(
        msgspec.json.encode(result).decode(), context=f"means_check/result_sealed/{check.id}"
    )
    # The sum is what was authorised to be kept; who told what is not needed any more.
    repository.forget_inquiries(session, check.id)
    if not check.is_incomplete:
        _learn(session, check, result, now=now)
    _end(session, ports, check, "done", now=now)


def _learn(session: Session, check: MeansCheck, result: MeansResult, *, now: datetime) -> None:
    """The household's unknown facts become known, until the authorisation ends."""
    known = profiles.load_subjects(session, {check.household_id}).get(check.household_id)
    if known is None or known.kind != "household":
        return
    told = [
        FactChange(
            subject_id=check.household_id,
            attribute=attribute,
            value=value,
            source=SOURCE,
            event_id=f"means/{check.id}",
            observed_at=now,
            valid_until=check.valid_until_on,
        )
        for attribute, value in ((INCOME, result.monthly_income_fen), (ASSETS, result.assets_fen))
    ]
    apply_changes(session, told, now=now)


def _end(session: Session, ports: Ports, check: MeansCheck, state: str, *, now: datetime) -> None:
    """The claim's file says how it ended; its people and the seat that asked are told."""
    check.state, check.ended_at = state, now
    claim = claim_rows.lock_claim(session, check.claim_id)
    if claim is None:
        return
    if state == "done":
        paper = {"title": "家庭经济状况核对报告", "reference": check.number}
        claim.evidence = [*claim.evidence, paper]
        if claim.amount_fen is None and claim.state in _AT_A_DESK:
            recheck = ports.reevaluate(
                session,
                claim.policy_id,
                claim.policy_version,
                claim.subject_id,
                claim.unit_id,
                business_date(now),
            )
            claim.amount_fen = recheck.amount_fen if recheck.verdict == "eligible" else None
    else:
        repository.forget_inquiries(session, check.id)
    claim.updated_at = now
    record_event(
        session,
        "claim",
        claim.id,
        f"claim.means_{state}",
        claim_id=claim.id,
        subject_id=claim.subject_id,
        actor=SYSTEM,
        now=now,
    )
    words = {
        "done": worded("核对已完成，结果已交给办理的席位。"),
        "refused": worded("有成员不同意核对，核对已结束。"),
        "lapsed": worded("没有按期授权，核对已结束，可以重新发起。"),
        "withdrawn": worded("授权已撤回，查到的信息已删除。"),
    }[state]
    members = {one.subject_id for one in repository.consents(session, check.id)}
    _tell(session, members, check, worded("家庭经济状况核对有结果"), words, now=now)
    link = f"/zhengtong/means/{check.id}"
    title = worded("核对有结果：%(number)s", number=check.number)
    tell_these(session, {check.opened_by_id}, "means.ended", title, words, link=link, now=now)


def _forget(session: Session, check: MeansCheck, *, now: datetime) -> None:
    """Nothing of what was found stays: not in the check, not in the household's facts, not in their history."""
    had_result = check.result_sealed is not None and not check.is_incomplete
    check.result_sealed = None
    repository.forget_inquiries(session, check.id)
    if had_result:
        forget(
            session,
            check.household_id,
            (INCOME, ASSETS),
            source=SOURCE,
            event_id=f"means/{check.id}",
            now=now,
        )


def _claim_for(session: Session, claim_id: uuid.UUID, principal: Principal) -> Claim:
    claim = claim_rows.lock_claim(session, claim_id)
    if claim is None or not opens_file(session, claim, principal):
        raise NotFound(_("没有找到您要的内容。"))
    if principal.seat is None or not principal.seat.duties & _DUTIES:
        raise Forbidden(_("核对家庭经济状况不属于您所在席位的职责。"))
    return claim


def _open_check(session: Session, check_id: uuid.UUID) -> MeansCheck:
    check = repository.lock_check(session, check_id)
    if check is None:
        raise NotFound(_("没有找到您要的内容。"))
    return check


def _own_consent(session: Session, check: MeansCheck, principal: Principal) -> MeansConsent:
    """Everybody speaks for themselves here: no proxy agrees to have somebody else looked into."""
    found = next(
        (one for one in repository.consents(session, check.id) if one.subject_id == principal.subject_id),
        None,
    )
    if found is None or principal.capacity != "self":
        raise NotFound(_("没有找到您要的内容。"))
    return found


def _tell(
    session: Session,
    members: set[int] | frozenset[int],
    check: MeansCheck,
    title: Wording,
    body: Wording,
    *,
    now: datetime,
) -> None:
    tell_these(session, members, "means.check", title, body, link=f"/means/{check.id}", now=now)


def _log(
    session: Session, claim: Claim, kind: str, principal: Principal, check: MeansCheck, *, now: datetime
) -> None:
    claim.updated_at = now
    record_event(
        session,
        "claim",
        claim.id,
        kind,
        claim_id=claim.id,
        subject_id=claim.subject_id,
        actor=actor_of(principal),
        now=now,
    )
    audit.record(
        session, actor=principal, action=kind, object_kind="means_check", object_id=check.id, now=now
    )
