"""A means check is opened by a seat, and agreed to by everybody grown up in the household.

社会救助暂行办法 Art. 58: only on authorisation of the household. Every grown-up member agrees for themselves, in the app
or on paper; one who does not ends it. What the sources say is in ``answers``, taking the word back in ``withdrawing``.
"""

import uuid
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, FieldError, Forbidden, IllegalTransition, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.web.principal import Principal
from kernel.wording import worded
from kernel.working_days import add_working_days
from policy_engine.delivery.cases.numbers import means_number
from policy_engine.delivery.cases.timeline import actor_of, record_event
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.separation import opens_file
from policy_engine.delivery.means import recordings, repository, witnessing
from policy_engine.delivery.means.answers import ask_everybody
from policy_engine.delivery.means.ending import AT_A_DESK, end, tell
from policy_engine.delivery.means.models import MeansCheck, MeansConsent
from policy_engine.delivery.means.repository import Held
from policy_engine.delivery.ports import Ports

AUTHORISE_WORKING_DAYS = 10
LONGEST_PAPER = 100
_DUTIES = frozenset({"claim.accept", "claim.joint_review", "claim.decide"})


def open_check(
    session: Session, ports: Ports, *, claim_id: uuid.UUID, principal: Principal, now: datetime
) -> MeansCheck:
    """A seat that works on the claim asks the household's members to agree."""
    claim = require_seat(session, claim_rows.lock_claim(session, claim_id), principal)
    if claim.state not in AT_A_DESK:
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
        opened_by_seat=seat.post.zh if seat is not None else "",
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
    log(session, claim, "claim.means_opened", principal, check, now=now)
    tell(
        session,
        adults,
        check,
        worded("请授权核对家庭经济状况"),
        worded(
            "%(seat)s请您在 %(due)s 前同意或不同意。",
            seat=seat.post if seat is not None else "",
            due=check.due_on,
        ),
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
    held = required(session, check_id)
    consent = own_consent(session, held.check, principal)
    _said(session, ports, held.check, consent, agrees, channel="app", paper=None, by_id=None, now=now)
    return held.check


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
    recording: recordings.SealedRecording | None = None,
    now: datetime,
) -> MeansCheck:
    """A member agreed at a counter; ``paper`` says where the signed paper, or the recording, is filed.

    Who cannot sign puts a thumb to it or says so on a recording, before a witness (``witnessing``). The member is told.
    """
    claim, check = required(session, check_id)
    require_seat(session, claim, principal)
    paper = checked_paper(paper, _("请写明授权书的存档编号。"))
    consent = consent_at_counter(session, check, principal, subject_id)
    seen = witnessing.checked(
        way,
        witnessing.with_digest(way, witnessed, recording),
        interested={principal.name, *names_of_household(session, ports, check)},
    )
    if seen is not None:
        consent.witnessed_sealed = witnessing.seal(ports.vault, consent.id, seen)
    body = worded("窗口登记了您同意核对家庭经济状况。如果不是您的意思，可以随时撤回，或拨打 12345。")
    tell(session, {subject_id}, check, worded("已登记您的授权"), body, now=now)
    _said(session, ports, check, consent, True, channel=way, paper=paper, by_id=principal.subject_id, now=now)
    if recording is not None:
        recordings.keep(session, consent, recording, "given", by_id=principal.subject_id, now=now)
    log(session, claim, f"claim.means_{way}", principal, check, now=now)
    return check


def required(session: Session, check_id: uuid.UUID) -> Held:
    """The claim and its check, locked. Raises ``NotFound``."""
    held = repository.hold(session, check_id)
    if held is None:
        raise NotFound(_("没有找到您要的内容。"))
    return held


def require_seat(session: Session, claim: Claim | None, principal: Principal) -> Claim:
    """The same claim, when the seat works on it; ``NotFound`` where it has no business with it."""
    if claim is None or not opens_file(session, claim, principal):
        raise NotFound(_("没有找到您要的内容。"))
    if principal.seat is None or not principal.seat.duties & _DUTIES:
        raise Forbidden(_("核对家庭经济状况不属于您所在席位的职责。"))
    return claim


def consent_at_counter(
    session: Session, check: MeansCheck, principal: Principal, subject_id: int
) -> MeansConsent:
    """The word of a member who stands before the official, who is not that member."""
    consent = repository.consent_of(session, check.id, subject_id)
    if consent is None:
        raise NotFound(_("没有找到您要的内容。"))
    if principal.subject_id == subject_id:
        raise Forbidden(_("您与这件申请有利害关系，应当回避。"))
    return consent


def own_consent(session: Session, check: MeansCheck, principal: Principal) -> MeansConsent:
    """Everybody speaks for themselves here: no proxy agrees to have somebody else looked into."""
    found = repository.consent_of(session, check.id, principal.subject_id)
    if found is None or principal.capacity != "self":
        raise NotFound(_("没有找到您要的内容。"))
    return found


def checked_paper(paper: str, what: str) -> str:
    """Where a paper is filed. Raises ``InvalidInput``, saying ``what`` is missing."""
    paper = paper.strip()
    if not paper or len(paper) > LONGEST_PAPER:
        raise InvalidInput(what, errors=[FieldError("paper", what)])
    return paper


def names_of_household(session: Session, ports: Ports, check: MeansCheck) -> set[str]:
    members = {one.subject_id for one in repository.consents(session, check.id)}
    return set(ports.people.names_of(session, members).values())


def log(
    session: Session, claim: Claim, kind: str, principal: Principal, check: MeansCheck, *, now: datetime
) -> None:
    """On the claim's history, and in the audit trail."""
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
        end(session, ports, check, "refused", now=now)
        return
    everybody = repository.consents(session, check.id)
    if all(one.state == "given" for one in everybody):
        ask_everybody(session, check, everybody, now=now)
