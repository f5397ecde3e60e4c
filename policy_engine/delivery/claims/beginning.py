"""How every claim begins, whoever begins it: numbered, its facts and its stage map pinned, one at a time per right."""

import hashlib
from datetime import date, datetime
from typing import Any, Literal

import msgspec
from sqlalchemy.orm import Session

from kernel.bulk import insert_object
from kernel.clock import business_date
from kernel.errors import Conflict
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.wording import Wording, worded
from policy_engine.delivery.accounts import service as accounts
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.awards import allowance, overlaps
from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.cases.letters import tell
from policy_engine.delivery.cases.numbers import case_number
from policy_engine.delivery.cases.timeline import SYSTEM, Actor, record_event
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.stages import WAITS_FOR, enter_stage, stages_for
from policy_engine.delivery.offers import repository as offer_rows
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.periods import first_month
from policy_engine.delivery.ports import Facts, Ports
from policy_engine.delivery.states import CLAIM, OFFER, ClaimState, OfferState
from policy_engine.delivery.terms import Mode, Terms

Channel = Literal["app", "counter", "automatic"]


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who begins a claim, and how."""

    actor: Actor
    applicant_id: int
    entered_by_id: int | None
    channel: Channel
    mode: Mode


def begin_from_offer(
    session: Session,
    ports: Ports,
    offer: Offer,
    terms: Terms,
    account: PayeeAccount | None,
    origin: Origin,
    *,
    now: datetime,
) -> Claim:
    draft = Claim(
        offer_id=offer.id,
        subject_id=offer.subject_id,
        unit_id=offer.unit_id,
        division=offer.division,
        amount_fen=offer.amount_fen,
        declared={},
        evidence=[],
        qualified_on=offer.matched_on,
    )
    claim = begin(session, ports, draft, terms, account, origin, now=now)
    offer.state = OFFER.move(OfferState(offer.state), "confirm")
    offer.answered_at = offer.updated_at = now
    for rival in offer_rows.lock_rival_offers(session, offer):
        before, rival.state = rival.state, OFFER.move(OfferState(rival.state), "withdraw")
        rival.state_reason = "claimed_by_another"
        rival.updated_at = now
        record_event(
            session,
            "offer",
            rival.id,
            "offer.withdrawn",
            claim_id=None,
            subject_id=rival.subject_id,
            actor=SYSTEM,
            now=now,
            moved=(before, rival.state),
            detail={"reason": "claimed_by_another"},
        )
    return claim


def begin(
    session: Session,
    ports: Ports,
    claim: Claim,
    terms: Terms,
    account: PayeeAccount | None,
    origin: Origin,
    *,
    now: datetime,
) -> Claim:
    """Fill in a draft, submit it to its first stage, and tell those concerned."""
    if award_rows.is_live_on(session, terms.policy_id, claim.unit_id):
        raise Conflict(_("这项待遇已经在享受中，无需重复申请。"))
    overlaps.refuse_without_required(session, ports, terms, claim.unit_id)
    today = business_date(now)
    begins = first_month(terms.accrual, qualified_on=claim.qualified_on, applied_on=today, decided_on=today)
    allowance.refuse_used_up(session, ports, terms, claim.subject_id, claim.unit_id, on=begins)
    overlaps.refuse_beside_others(session, ports, terms, claim.unit_id, claim.amount_fen, now=now)
    facts = ports.facts(session, claim.subject_id, claim.unit_id)
    claim.id = new_id()
    claim.policy_id, claim.policy_version = terms.policy_id, terms.version
    claim.applicant_id, claim.entered_by_id = origin.applicant_id, origin.entered_by_id
    claim.channel, claim.mode = origin.channel, origin.mode
    claim.payee_id, claim.account_id = (account.subject_id, account.id) if account else (None, None)
    claim.facts, claim.facts_sequence = pinned(facts, business_date(now)), facts.sequence
    stages = stages_for(terms.stages, claim.amount_fen)
    claim.stages = [msgspec.to_builtins(stage) for stage in stages]
    claim.case_number = case_number(session, claim.division, business_date(now))
    claim.state = CLAIM.move(ClaimState.DRAFT, "submit", WAITS_FOR[stages[0].outcome])
    claim.round, claim.visit, claim.is_held = 1, 0, False
    claim.created_at = claim.updated_at = claim.submitted_at = now
    enter_stage(claim, 0, now=now)
    if not insert_object(session, claim, refers=claim.offer_id is None, or_nothing=True):
        raise Conflict(_("这项待遇已有一件申请正在办理，请在“我的办理”中查看。"))
    if account is not None:
        accounts.flag_if_crowded(session, account, now=now)
    kind = "claim.submitted" if claim.mode == "application" else "claim.confirmed"
    log(session, claim, kind, origin.actor, ClaimState.DRAFT, now=now)
    by_proxy = origin.actor.kind in ("proxy", "counter")
    tell(
        session,
        ports,
        claim.subject_id,
        "claim.begun_by_proxy" if by_proxy else "claim.begun",
        worded("%(policy)s：已收到", policy=terms.named),
        _begun_text(claim, origin.actor) + worded("如非本人意愿，可在“我的办理”中撤回。"),
        link=f"/claims/{claim.id}",
        now=now,
    )
    return claim


def _begun_text(claim: Claim, actor: Actor) -> Wording:
    number = claim.case_number or ""
    if claim.channel == "automatic":
        return worded("无需您申请，办件编号 %(number)s，将由工作人员审定。", number=number)
    if actor.kind == "proxy":
        return worded("%(person)s已代您办理，办件编号 %(number)s。", person=actor.name, number=number)
    if actor.kind == "counter":
        return worded("%(person)s已在窗口为您办理，办件编号 %(number)s。", person=actor.name, number=number)
    return worded("办件编号 %(number)s。", number=number)


def pinned(facts: Facts, as_of: date) -> dict[str, Any]:
    """Facts as a claim keeps them: with their sequence, their day and a hash over the content."""
    content = msgspec.json.encode(dict(facts.values), order="sorted")
    return {
        "sequence": facts.sequence,
        "as_of": as_of.isoformat(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "facts": msgspec.json.decode(content),
    }


def log(session: Session, claim: Claim, kind: str, actor: Actor, before: str, *, now: datetime) -> None:
    if claim.updated_at != now:  # else it would be looked at again, to find that nothing changed
        claim.updated_at = now
    record_event(
        session,
        "claim",
        claim.id,
        kind,
        claim_id=claim.id,
        subject_id=claim.subject_id,
        actor=actor,
        now=now,
        moved=(before, claim.state),
        detail={"case_number": claim.case_number, "channel": claim.channel},
    )
