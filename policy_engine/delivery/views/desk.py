"""What a seat sees of a claim: its whole file on one page."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from identity.seats.naming import PostNames, post_names
from kernel.clock import business_date
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery.access import may_act_at
from policy_engine.delivery.awards import allowance, overlaps
from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.cases import repository as case_rows
from policy_engine.delivery.cases.holds import holds_of
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.claims.colleagues import OPINION
from policy_engine.delivery.claims.models import Claim, StageDecision
from policy_engine.delivery.claims.schemas import (
    BesideLine,
    ClaimFile,
    EvidenceLine,
    FactLine,
    ObjectionLine,
    StageActView,
)
from policy_engine.delivery.claims.separation import open_actions, opens_file, why_not
from policy_engine.delivery.claims.stages import decide_index, stages_of
from policy_engine.delivery.periods import beginning
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.publicity import repository as publicity_rows
from policy_engine.delivery.publicity.service import contact_of
from policy_engine.delivery.states import ClaimState
from policy_engine.delivery.views.hands import hands_on
from policy_engine.delivery.views.parts import (
    account_of,
    award_view,
    claim_row,
    decision_view,
    timeline,
)
from policy_engine.delivery.views.records import records_of

_AT_A_DESK = (
    ClaimState.SUBMITTED,
    ClaimState.JOINT_REVIEW,
    ClaimState.REVIEW,
    ClaimState.APPEALED,
    ClaimState.OBJECTION,
)


def claim_file(
    session: Session, ports: Ports, claim_id: uuid.UUID, principal: Principal, *, now: datetime
) -> ClaimFile:
    """Everything needed to decide, on one page. ``NotFound`` where the seat has no business with the claim."""
    claim = claim_rows.get_claim(session, claim_id)
    if claim is None or not opens_file(session, claim, principal):
        raise NotFound(_("没有找到您要的内容。"))
    problem = why_not(session, ports, claim, principal, now=now)
    award = award_rows.of_claim(session, claim.id)
    appeal = claim_rows.open_appeal(session, claim.id)
    terms = ports.terms(session, claim.policy_id, claim.policy_version)
    is_appealed = claim.state == ClaimState.APPEALED
    return ClaimFile(
        row=claim_row(session, ports, claim, now),
        subject_name=ports.people.name_of(session, claim.subject_id),
        applicant_name=ports.people.name_of(session, claim.applicant_id),
        channel=claim.channel,
        division=claim.division,
        clauses=ports.explain(
            session,
            claim.policy_id,
            claim.policy_version,
            claim.subject_id,
            claim.unit_id,
            claim.subject_id,
        ),
        facts=_fact_lines(claim),
        facts_sequence=claim.facts_sequence,
        facts_sha256=str(claim.facts["sha256"]),
        evidence=tuple(
            EvidenceLine(title=str(paper.get("title", "")), reference=str(paper.get("reference", "")))
            for paper in claim.evidence
        ),
        beside=_beside(session, ports, claim, now) if claim.state in _AT_A_DESK else (),
        stages=tuple(step.named.said for step in stages_of(claim)),
        stage_index=claim.stage_index,
        acts=_acts_on(session, claim),
        objections=tuple(
            ObjectionLine(
                grounds=one.grounds,
                contact=contact_of(ports.vault, one) if claim.state == ClaimState.OBJECTION else "",
                made_at=one.made_at,
                due_on=one.due_on,
                outcome=one.outcome or "",
                answer=one.answer or "",
            )
            for one in publicity_rows.objections(session, claim.id)
        )
        if _is_deciding_seat(claim, principal)
        else (),
        hands=hands_on(session, ports, claim, principal, now=now),
        actions=open_actions(session, claim) if problem is None else (),
        why_not=problem or "",
        needs_amount=terms.period != "none" and claim.amount_fen is None,
        hold_reasons=tuple(hold.reason for hold in holds_of(session, claim)),
        appeal_grounds=appeal.grounds if appeal is not None else "",
        may_decide_appeal=is_appealed and _is_deciding_seat(claim, principal),
        account=account_of(session, claim.account_id, now),
        timeline=timeline(session, case_rows.events_of_claim(session, claim.id, public_only=False)),
        decisions=tuple(
            decision_view(session, paper) for paper in claim_rows.written_decisions(session, claim.id)
        ),
        records=records_of(session, claim),
        award=award_view(session, ports, award, now) if award is not None else None,
    )


def _is_deciding_seat(claim: Claim, principal: Principal) -> bool:
    stages = stages_of(claim)
    return may_act_at(principal, stages[decide_index(stages)], claim.division)


def _beside(session: Session, ports: Ports, claim: Claim, now: datetime) -> tuple[BesideLine, ...]:
    terms = ports.terms(session, claim.policy_id, claim.policy_version)
    found = overlaps.beside(
        session, ports, terms, claim.id, claim.unit_id, claim.amount_fen, business_date(now)
    )
    lines = [BesideLine(title=one.title, words=one.words, kind=one.kind) for one in found]
    reached = allowance.used_up(
        session,
        ports,
        terms,
        claim.subject_id,
        claim.unit_id,
        on=beginning(terms, business_date(now)),
        are_claims_counted=False,
    )
    if reached is not None:
        lines.insert(0, BesideLine(title=terms.named.said, words=reached.words, kind="limit"))
    return tuple(lines)


def _fact_lines(claim: Claim) -> tuple[FactLine, ...]:
    pinned = [
        FactLine(attribute=key, value=value, is_declared=False) for key, value in claim.facts["facts"].items()
    ]
    declared = [
        FactLine(attribute=key, value=value, is_declared=True) for key, value in claim.declared.items()
    ]
    return (*pinned, *declared)


def _acts_on(session: Session, claim: Claim) -> tuple[StageActView, ...]:
    titles = {stage.key: stage.named.said for stage in stages_of(claim)} | {OPINION: _("加签")}
    acts = claim_rows.stage_decisions(session, claim.id)
    names = post_names(session)
    return tuple(_act_view(act, titles.get(act.stage, act.stage), names) for act in acts)


def _act_view(act: StageDecision, title: str, names: PostNames) -> StageActView:
    return StageActView(
        stage=title,
        action=act.action,
        official_name=act.official_name,
        seat_title=names.said(act.seat_title),
        department=names.said(act.department),
        reason=act.reason,
        decided_at=act.decided_at,
        taken_back_at=act.taken_back_at,
    )
