"""How a claim begins and what its applicant may do with it: confirm, apply all the same, supplement, withdraw."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.web.principal import Principal
from policy_engine.delivery.access import Relation
from policy_engine.delivery.accounts import service as accounts
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.cases.letters import tell
from policy_engine.delivery.cases.numbers import case_number
from policy_engine.delivery.cases.timeline import SYSTEM, Actor, actor_of, record_event
from policy_engine.delivery.claims import repository
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.stages import WAITS_FOR, enter_stage, present_stage
from policy_engine.delivery.claims.standing import find_relation, require_relation
from policy_engine.delivery.offers import repository as offer_rows
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.ports import Facts, Ports
from policy_engine.delivery.states import CLAIM, OFFER, ClaimState, OfferState
from policy_engine.delivery.terms import Mode, Terms

Channel = Literal["app", "counter", "automatic"]
MOST_DECLARED = 100


class _Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who begins a claim, and how."""

    actor: Actor
    applicant_id: int
    entered_by_id: int | None
    channel: Channel
    mode: Mode


def confirm(
    session: Session,
    ports: Ports,
    *,
    offer_id: uuid.UUID,
    principal: Principal,
    account_id: uuid.UUID | None,
    now: datetime,
) -> Claim:
    """One tap. Twice, or in parallel, gives the same claim; the account was shown and checked with the bank before.

    Raises ``NotFound`` for strangers, ``Conflict`` when the offer or the account can no longer be used.
    """
    offer = offer_rows.lock_offer(session, offer_id)
    if offer is None:
        raise NotFound(_("没有找到您要的内容。"))
    relation = require_relation(session, ports, principal, offer.subject_id, offer.division, now)
    known = repository.latest_of_offer(session, offer.id)
    if offer.state == OfferState.CONFIRMED and known is not None:
        return known
    OFFER.move(OfferState(offer.state), "confirm")
    terms = ports.terms(session, offer.policy_id, offer.policy_version)
    account = None
    if terms.period != "none":
        account = accounts.choose(
            session,
            ports,
            offer.subject_id,
            account_id,
            relation=relation,
            reader_id=principal.subject_id,
            now=now,
        )
    claim = _begin_from_offer(
        session,
        ports,
        offer,
        terms,
        account,
        _origin(principal, relation, terms.mode, offer.subject_id),
        now=now,
    )
    audit.record(
        session, actor=principal, action="claim.confirm", object_kind="claim", object_id=claim.id, now=now
    )
    return claim


def begin_automatically(
    session: Session, ports: Ports, offer: Offer, terms: Terms, *, now: datetime
) -> Claim:
    """免申即享: no tap; the claim waits for an official's decision like any other. The offer's row is locked."""
    holders = accounts.holders_for(session, ports, offer.subject_id, now)
    usable = accounts.usable_accounts(session, holders, now) if terms.period != "none" else []
    origin = _Origin(
        actor=SYSTEM,
        applicant_id=offer.subject_id,
        entered_by_id=None,
        channel="automatic",
        mode="automatic",
    )
    return _begin_from_offer(session, ports, offer, terms, next(iter(usable), None), origin, now=now)


def apply_anyway(
    session: Session,
    ports: Ports,
    *,
    policy_id: str,
    subject_id: int,
    unit_id: int | None,
    principal: Principal,
    declared: Mapping[str, Any],
    evidence: Sequence[Mapping[str, Any]],
    account_id: uuid.UUID | None,
    now: datetime,
) -> Claim:
    """仍要申请: whatever the engine says, a person may ask and an official answers. Facts given here are declared.

    Also the way of policies delivered by application. Raises ``Conflict`` when a claim or a right is there already.
    """
    division = ports.people.division_of(session, subject_id)
    relation = require_relation(session, ports, principal, subject_id, division, now)
    unit = unit_id or subject_id
    terms = ports.terms(session, policy_id)
    _check_declared(declared, evidence)
    offer = offer_rows.find_offer(session, policy_id, subject_id, unit)
    if offer is None and unit != subject_id:
        _check_unit(session, ports, subject_id, unit, now=now)
    if offer is not None:
        offer = offer_rows.lock_offer(session, offer.id)
    if offer is not None and offer.state == OfferState.OFFERED:
        offer.state = OFFER.move(OfferState(offer.state), "confirm")
        offer.answered_at = offer.updated_at = now
    account = None
    if terms.period != "none":
        account = accounts.choose(
            session, ports, subject_id, account_id, relation=relation, reader_id=principal.subject_id, now=now
        )
    recheck = ports.reevaluate(session, policy_id, terms.version, subject_id, unit, business_date(now))
    draft = Claim(
        offer_id=offer.id if offer is not None else None,
        subject_id=subject_id,
        unit_id=unit,
        division=division,
        amount_fen=recheck.amount_fen if recheck.verdict == "eligible" else None,
        declared=dict(declared),
        evidence=[dict(paper) for paper in evidence],
        qualified_on=business_date(now),
    )
    origin = _origin(principal, relation, "application", subject_id)
    claim = _begin(session, ports, draft, terms, account, origin, now=now)
    audit.record(
        session, actor=principal, action="claim.apply", object_kind="claim", object_id=claim.id, now=now
    )
    return claim


def submit_supplement(
    session: Session,
    ports: Ports,
    *,
    claim_id: uuid.UUID,
    principal: Principal,
    declared: Mapping[str, Any],
    evidence: Sequence[Mapping[str, Any]],
    now: datetime,
) -> Claim:
    """补正: what was asked for once and all at once; the claim goes back to the stage that asked."""
    claim, relation = _own_claim(session, ports, claim_id, principal, now)
    _check_declared(declared, evidence)
    before = claim.state
    target = WAITS_FOR[present_stage(claim).outcome]
    claim.state = CLAIM.move(ClaimState(before), "supplement", target)
    claim.declared = {**claim.declared, **declared}
    claim.evidence = [*claim.evidence, *(dict(paper) for paper in evidence)]
    claim.supplement_request = None
    enter_stage(claim, claim.stage_index, now=now)
    _log(session, claim, "claim.supplemented", actor_of(principal, relation), before, now=now)
    return claim


def withdraw_claim(
    session: Session, ports: Ports, *, claim_id: uuid.UUID, principal: Principal, now: datetime
) -> Claim:
    """The applicant takes the claim back before it is decided; the right itself is not touched."""
    claim, relation = _own_claim(session, ports, claim_id, principal, now)
    before = claim.state
    claim.state = CLAIM.move(ClaimState(before), "withdraw")
    claim.stage_due_on = None
    claim.updated_at = now
    _log(session, claim, "claim.withdrawn", actor_of(principal, relation), before, now=now)
    return claim


def _begin_from_offer(
    session: Session,
    ports: Ports,
    offer: Offer,
    terms: Terms,
    account: PayeeAccount | None,
    origin: _Origin,
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
    claim = _begin(session, ports, draft, terms, account, origin, now=now)
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


def _begin(
    session: Session,
    ports: Ports,
    claim: Claim,
    terms: Terms,
    account: PayeeAccount | None,
    origin: _Origin,
    *,
    now: datetime,
) -> Claim:
    """Fill in a draft, submit it to its first stage, and tell those concerned."""
    if award_rows.live_on(session, terms.policy_id, claim.unit_id) is not None:
        raise Conflict(_("这项待遇已经在享受中，无需重复申请。"))
    facts = ports.facts(session, claim.subject_id, claim.unit_id)
    claim.id = new_id()
    claim.policy_id, claim.policy_version = terms.policy_id, terms.version
    claim.applicant_id, claim.entered_by_id = origin.applicant_id, origin.entered_by_id
    claim.channel, claim.mode = origin.channel, origin.mode
    claim.payee_id, claim.account_id = (account.subject_id, account.id) if account else (None, None)
    claim.facts, claim.facts_sequence = pinned(facts, business_date(now)), facts.sequence
    claim.stages = [msgspec.to_builtins(stage) for stage in terms.stages]
    claim.case_number = case_number(session, claim.division, business_date(now))
    claim.state = CLAIM.move(ClaimState.DRAFT, "submit", WAITS_FOR[terms.stages[0].outcome])
    claim.round, claim.is_held = 1, False
    claim.created_at = claim.updated_at = claim.submitted_at = now
    enter_stage(claim, 0, now=now)
    try:
        with session.begin_nested():
            session.add(claim)
    except IntegrityError as clash:
        raise Conflict(_("这项待遇已有一件申请正在办理，请在“办件进度”中查看。")) from clash
    if account is not None:
        accounts.flag_if_crowded(session, account, now=now)
    kind = "claim.submitted" if claim.mode == "application" else "claim.confirmed"
    _log(session, claim, kind, origin.actor, ClaimState.DRAFT, now=now)
    by_proxy = origin.actor.kind in ("proxy", "counter")
    tell(
        session,
        ports,
        claim.subject_id,
        "claim.begun_by_proxy" if by_proxy else "claim.begun",
        f"{terms.title}：已收到",
        _begun_text(claim, origin.actor) + "如非本人意愿，可在办件进度中撤回。",
        link=f"/claims/{claim.id}",
        now=now,
    )
    return claim


def _begun_text(claim: Claim, actor: Actor) -> str:
    if claim.channel == "automatic":
        return f"无需您申请，办件编号 {claim.case_number}，将由工作人员审定。"
    if actor.kind == "proxy":
        return f"{actor.name}已代您办理，办件编号 {claim.case_number}。"
    if actor.kind == "counter":
        return f"{actor.name}已在窗口为您办理，办件编号 {claim.case_number}。"
    return f"办件编号 {claim.case_number}。"


def pinned(facts: Facts, as_of: date) -> dict[str, Any]:
    """Facts as a claim keeps them: with their sequence, their day and a hash over the content."""
    content = msgspec.json.encode(dict(facts.values), order="sorted")
    return {
        "sequence": facts.sequence,
        "as_of": as_of.isoformat(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "facts": msgspec.json.decode(content),
    }


def _origin(principal: Principal, relation: Relation, mode: Mode, subject_id: int) -> _Origin:
    is_for_subject = relation in ("enterprise", "counter")
    return _Origin(
        actor=actor_of(principal, relation),
        applicant_id=subject_id if is_for_subject else principal.subject_id,
        entered_by_id=principal.subject_id,
        channel="counter" if relation == "counter" else "app",
        mode=mode,
    )


def _own_claim(
    session: Session, ports: Ports, claim_id: uuid.UUID, principal: Principal, now: datetime
) -> tuple[Claim, Relation]:
    claim = repository.lock_claim(session, claim_id)
    if claim is None:
        raise NotFound(_("没有找到您要的内容。"))
    relation = find_relation(session, ports, principal, claim.subject_id, claim.division, now)
    if relation is None:
        raise NotFound(_("没有找到您要的内容。"))
    if claim.is_held:
        raise Forbidden(_("这件申请暂停办理中，请等待工作人员联系您。"))
    return claim, relation


def _check_unit(session: Session, ports: Ports, subject_id: int, unit_id: int, *, now: datetime) -> None:
    """Nobody applies for other people's children or another firm's hires, by trying out numbers."""
    if unit_id not in ports.people.units_of(session, subject_id, business_date(now)):
        raise NotFound(_("没有找到您要的内容。"))


def _check_declared(declared: Mapping[str, Any], evidence: Sequence[Mapping[str, Any]]) -> None:
    if len(declared) > MOST_DECLARED or len(evidence) > MOST_DECLARED:
        raise InvalidInput(_("一次提交的材料过多，请分次补充。"))


def _log(session: Session, claim: Claim, kind: str, actor: Actor, before: str, *, now: datetime) -> None:
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
