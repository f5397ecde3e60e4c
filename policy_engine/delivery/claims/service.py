"""What an applicant does with a claim: confirm, apply all the same, supplement, withdraw."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.outbox import enqueue
from kernel.web.principal import Principal
from policy_engine.delivery.access import Relation
from policy_engine.delivery.accounts import service as accounts
from policy_engine.delivery.cases.timeline import SYSTEM, actor_of
from policy_engine.delivery.claims import repository
from policy_engine.delivery.claims.beginning import Origin, begin, begin_from_offer, log
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.opinions import drop_opinions
from policy_engine.delivery.claims.stages import WAITS_FOR, enter_stage, present_stage
from policy_engine.delivery.claims.standing import find_relation, require_relation
from policy_engine.delivery.means.ending import close_of_claim
from policy_engine.delivery.offers import repository as offer_rows
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import CLAIM, OFFER, ClaimState, OfferState
from policy_engine.delivery.terms import Mode, Terms

MOST_DECLARED = 100
#: Outbox topic: ask the bank whose the registered account is.
CHECK_ACCOUNT = "claim.check_account"


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
    known = repository.latest_of_offer(session, offer.id) if offer.state == OfferState.CONFIRMED else None
    if known is not None:
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
    claim = begin_from_offer(
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
    origin = Origin(
        actor=SYSTEM,
        applicant_id=offer.subject_id,
        entered_by_id=None,
        channel="automatic",
        mode="automatic",
    )
    claim = begin_from_offer(session, ports, offer, terms, next(iter(usable), None), origin, now=now)
    if claim.account_id is None and accounts.unchecked_accounts(session, holders, now):
        # Nobody taps, so nobody asks the bank either: the claim's own account is looked up behind it.
        payload = {"claim_id": str(claim.id)}
        enqueue(session, CHECK_ACCOUNT, f"claim:{claim.id}", payload, now=now)
    return claim


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
    claim = begin(session, ports, draft, terms, account, origin, now=now)
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
    log(session, claim, "claim.supplemented", actor_of(principal, relation), before, now=now)
    return claim


def withdraw_claim(
    session: Session, ports: Ports, *, claim_id: uuid.UUID, principal: Principal, now: datetime
) -> Claim:
    """The applicant takes the claim back before it is decided; the right itself is not touched."""
    claim, relation = _own_claim(session, ports, claim_id, principal, now)
    before = claim.state
    claim.state = CLAIM.move(ClaimState(before), "withdraw")
    claim.stage_due_on = None
    claim.assignments = {}  # whoever was given it, or asked about it, has nothing to do any more
    drop_opinions(session, claim, now=now)
    close_of_claim(session, ports, claim, now=now)
    claim.updated_at = now
    log(session, claim, "claim.withdrawn", actor_of(principal, relation), before, now=now)
    return claim


def _origin(principal: Principal, relation: Relation, mode: Mode, subject_id: int) -> Origin:
    is_for_subject = relation in ("enterprise", "counter")
    return Origin(
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
