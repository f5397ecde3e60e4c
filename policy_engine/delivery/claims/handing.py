"""A claim goes from hand to hand: 退回 to an earlier stage, 委派 to a colleague, 撤回 of the last hand's own act."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from kernel.errors import Conflict, Forbidden, InvalidInput
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from kernel.wording import worded
from policy_engine.delivery.access import may_act_at
from policy_engine.delivery.cases.letters import tell
from policy_engine.delivery.claims import repository
from policy_engine.delivery.claims.colleagues import chosen, name_of, successors, tell_seat
from policy_engine.delivery.claims.fitness import fitness_for, part_of_seat
from policy_engine.delivery.claims.models import Claim, StageDecision
from policy_engine.delivery.claims.opinions import drop_opinions
from policy_engine.delivery.claims.places import place_of, put_back
from policy_engine.delivery.claims.recording import log_seat, record_act
from policy_engine.delivery.claims.separation import require_claim_for_seat, why_not
from policy_engine.delivery.claims.stages import WAITS_FOR, enter_stage, present_stage, stages_of
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import CLAIM, ClaimState
from policy_engine.delivery.terms import Stage
from policy_engine.delivery.words import checked_words

#: What was served on people is not taken back; it is corrected by a new decision.
TAKEN_BACK = frozenset(
    {"accept", "return_for_supplement", "recommend", "advise_against", "grant", "send_back"}
)


def earlier_stages(claim: Claim) -> list[Stage]:
    """Those to which the claim can go back from where it stands."""
    return list(stages_of(claim)[: claim.stage_index])


def send_back(
    session: Session,
    ports: Ports,
    *,
    claim_id: uuid.UUID,
    principal: Principal,
    to_stage: str,
    reason: str,
    now: datetime,
) -> Claim:
    """退回: an earlier stage looks again, and says so; whatever was signed since then is asked for anew."""
    claim = require_claim_for_seat(session, claim_id, principal)
    seat = principal.seat
    problem = why_not(session, ports, claim, principal, now=now)
    if problem is not None or seat is None:
        raise Forbidden(problem or "")
    reason = checked_words(reason, _("请写明退回的理由，前一环节会看到。"))
    index = next((i for i, one in enumerate(earlier_stages(claim)) if one.key == to_stage), None)
    if index is None:
        raise InvalidInput(_("只能退回到前面的环节，请重新选择。"))
    left, before = present_stage(claim), place_of(claim)
    target = WAITS_FOR[stages_of(claim)[index].outcome]
    claim.state = CLAIM.move(ClaimState(claim.state), "send_back", target)
    drop_opinions(session, claim, now=now)
    enter_stage(claim, index, now=now)
    record_act(session, claim, left, "send_back", reason, principal, seat, before, event="send_back", now=now)
    terms = ports.terms(session, claim.policy_id, claim.policy_version)
    body = worded(
        "%(department)s请“%(stage)s”再核实一次，无需您做什么。",
        department=seat.department_named,
        stage=present_stage(claim).named,
    )
    if claim.stage_due_on is not None:
        body += worded("预计 %(due)s 前完成。", due=claim.stage_due_on)
    title = worded("%(policy)s：正在再次核实", policy=terms.named)
    tell(
        session, ports, claim.subject_id, "claim.send_back", title, body, link=f"/claims/{claim.id}", now=now
    )
    return claim


def delegate(
    session: Session,
    ports: Ports,
    *,
    claim_id: uuid.UUID,
    principal: Principal,
    seat_id: int,
    reason: str,
    now: datetime,
) -> Claim:
    """委派: from now on this seat alone acts at the stage. The clock runs on.

    Any seat of the duty may hand it on, also to itself, so that no claim lies with somebody who is away.
    """
    claim = require_claim_for_seat(session, claim_id, principal)
    seat = principal.seat
    problem = hand_on_problem(session, ports, claim, principal, now=now)
    if problem is not None or seat is None:
        raise Forbidden(problem or "")
    reason = checked_words(reason, _("请写明委派的理由。"))
    part = part_of_seat(claim, seat)
    known = claim.assignments.get(part)
    if known is not None and known["seat_id"] == seat_id:
        return claim
    if seat_id == seat.id:
        if known is None:
            raise Conflict(_("这件申请本来就可以由您办理，无需委派。"))
        name = name_of(seat)
    else:
        held = chosen(successors(session, ports, claim, seat, now=now), seat_id)
        name = name_of(held.seat)
        title = worded("委派给您办理：%(number)s", number=claim.case_number)
        body = worded("%(seat)s：%(reason)s", seat=seat.post, reason=reason)
        tell_seat(session, held, claim, "claim.delegated", title, body, now=now)
    claim.assignments = {**claim.assignments, part: {"seat_id": seat_id, "name": name}}
    log_seat(
        session,
        claim,
        "claim.delegated",
        principal,
        {"reason": f"{name}：{reason}"},
        audited={"seat": seat_id},
        is_public=False,
        now=now,
    )
    return claim


def hand_on_problem(
    session: Session, ports: Ports, claim: Claim, principal: Principal, *, now: datetime
) -> str | None:
    """Why this seat may not hand the claim on; none when it may, also where another seat has it now."""
    stage, seat = present_stage(claim), principal.seat
    if claim.state != WAITS_FOR[stage.outcome] or claim.is_held:
        return _("这件申请现在不在待办环节。")
    if seat is None or not may_act_at(principal, stage, claim.division):
        return _("当前环节是“%(stage)s”，不属于您所在席位的职责。", stage=stage.named.said)
    return fitness_for(session, ports, claim, now=now).problem(principal.subject_id, seat.department)


def take_back(
    session: Session, ports: Ports, *, claim_id: uuid.UUID, principal: Principal, now: datetime
) -> Claim:
    """撤回: the last hand undoes its own act before the next one acts; the clock runs on as it ran."""
    claim = require_claim_for_seat(session, claim_id, principal)
    act = own_last_act(session, claim, principal)
    if act is None or act.before is None:
        raise Conflict(_("只有最后经办的人，在下一环节还没有动手之前，才能撤回自己的办理。"))
    undone, before = act.action, claim.state
    CLAIM.move(ClaimState(claim.state), "take_back", ClaimState(act.before["state"]))
    act.taken_back_at = now
    put_back(claim, act.before)
    log_seat(
        session,
        claim,
        "claim.taken_back",
        principal,
        {"stage": present_stage(claim).title},
        moved=(before, claim.state),
        audited={"act": str(act.id), "action": undone},
        now=now,
    )
    terms = ports.terms(session, claim.policy_id, claim.policy_version)
    if undone == "return_for_supplement":
        title, body = (
            worded("%(policy)s：不用补充材料了", policy=terms.named),
            worded("补充材料的要求已经撤回，由原环节继续办理。"),
        )
        link = f"/claims/{claim.id}"
        tell(session, ports, claim.subject_id, "claim.taken_back", title, body, link=link, now=now)
    return claim


def own_last_act(session: Session, claim: Claim, principal: Principal) -> StageDecision | None:
    """The act of this person after which nothing has happened to the claim, if there is one."""
    acts = repository.standing_acts(session, claim.id)
    if not acts or claim.is_held:
        return None
    last = acts[-1]
    stage = next((one for one in stages_of(claim) if one.key == last.stage), None)
    asked_since = [
        one
        for one in repository.opinions(session, claim.id)
        if one.visit == claim.visit and (last.visit != claim.visit or one.asked_at > last.decided_at)
    ]
    is_own = (
        last.official_id == principal.subject_id
        and stage is not None
        and may_act_at(principal, stage, claim.division)
    )
    is_last = last.after == place_of(claim) and not asked_since
    may = CLAIM.may(ClaimState(claim.state), "take_back")
    return last if is_own and is_last and may and last.action in TAKEN_BACK else None
