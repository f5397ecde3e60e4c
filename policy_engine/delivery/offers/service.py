"""What a match does to offers and awards.

A match makes, keeps or takes back what nobody has answered yet. What a person confirmed, paused or was paid it never
changes: there it can only raise a suspicion, which a person hears and decides.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.ids import new_id
from policy_engine.delivery.awards import hearing as awards
from policy_engine.delivery.awards import overlaps
from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.letters import TRUST, tell
from policy_engine.delivery.cases.timeline import SYSTEM
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.offers import repository
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.offers.presenting import log, present
from policy_engine.delivery.periods import window_start
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import OFFER, AwardState, OfferState
from policy_engine.delivery.terms import Terms
from policy_engine.matching.effects import MatchEffect

S = OfferState


class Reconciled(msgspec.Struct):
    """What a batch of effects changed."""

    offered: int = 0
    matched: int = 0
    refreshed: int = 0
    taken_back: int = 0
    suspected: int = 0
    restored: int = 0
    stale: int = 0


def reconcile(session: Session, ports: Ports, effects: Sequence[MatchEffect], *, now: datetime) -> Reconciled:
    """Bring offers and awards to what the matches say. Idempotent; an older match never overwrites a newer.

    Give it some tens at a time: it is one transaction, and a new offer with its notice takes about 3 ms.
    """
    result = Reconciled()
    latest = {_key(effect): effect for effect in sorted(effects, key=_freshness)}
    offers = repository.lock_offers_of(session, latest)
    units = {(effect.policy_id, effect.unit_id) for effect in latest.values()}
    live = award_rows.lock_live(session, units)
    claimed = claim_rows.units_under_claim(session, units)
    named = {(effect.policy_id, effect.version) for effect in latest.values()}
    versions = {version: ports.terms(session, *version) for version in named}
    for key, effect in latest.items():
        terms = versions[effect.policy_id, effect.version]
        unit = (effect.policy_id, effect.unit_id)
        award = live.get(unit)
        if award is not None and award.subject_id == effect.subject_id:
            _judge_award(session, ports, award, effect, result, now=now)
        offer = offers.get(key)
        is_taken = (
            award is not None or unit in claimed or _is_kept_away(session, ports, effect, terms, now=now)
        )
        if offer is None:
            if effect.verdict == "eligible" and terms.is_offered and not is_taken:
                _make_offer(session, ports, effect, terms, result, now=now)
        elif (offer.policy_version, offer.sequence, offer.as_of) > _freshness(effect)[:3]:
            result.stale += 1
        else:
            _update_offer(session, ports, offer, effect, terms, result, is_taken=is_taken, now=now)
        if terms.mode == "automatic" and effect.verdict == "eligible":
            claimed.add(unit)  # the other parent's effect may stand in the same batch
    session.flush()
    return result


def _is_kept_away(
    session: Session, ports: Ports, effect: MatchEffect, terms: Terms, *, now: datetime
) -> bool:
    """Whether another right of the unit excludes this one, or pays as much: nobody is offered what would be refused."""
    if not terms.rivals or effect.verdict != "eligible":
        return False
    found = overlaps.obstacle_to(
        session, ports, terms, effect.unit_id, effect.amount_fen, on=business_date(now)
    )
    return found is not None


def _make_offer(
    session: Session, ports: Ports, effect: MatchEffect, terms: Terms, result: Reconciled, *, now: datetime
) -> None:
    if _is_used_up(session, terms, effect.unit_id, now=now):
        return
    offer = Offer(
        id=new_id(),
        policy_id=effect.policy_id,
        policy_version=effect.version,
        subject_id=effect.subject_id,
        unit_id=effect.unit_id,
        division=ports.people.division_of(session, effect.subject_id),
        mode=terms.mode,
        state=S.MATCHED,
        matched_on=business_date(now),
        created_at=now,
        updated_at=now,
    )
    _carry(offer, effect)
    session.add(offer)
    _reach(session, ports, offer, terms, None, result, now=now)


def _update_offer(
    session: Session,
    ports: Ports,
    offer: Offer,
    effect: MatchEffect,
    terms: Terms,
    result: Reconciled,
    *,
    is_taken: bool,
    now: datetime,
) -> None:
    """One offer that exists already, by what it is and what the match says."""
    state = S(offer.state)
    is_newer_version = effect.version > offer.policy_version
    if state == S.CONFIRMED:
        if effect.verdict == "eligible" and not is_taken and _may_reopen(session, offer, terms, now=now):
            _offer_again(session, ports, offer, effect, terms, "reopen", result, now=now)
        return
    if state in (S.DECLINED, S.LAPSED) or offer.state_reason == "policy_corrected":
        if effect.verdict == "eligible" and is_newer_version and not is_taken:
            _offer_again(session, ports, offer, effect, terms, "rematch", result, now=now)
        return
    if effect.verdict == "eligible":
        if is_taken:
            return
        if state in (S.UNKNOWN, S.INELIGIBLE, S.WITHDRAWN):
            _offer_again(session, ports, offer, effect, terms, "rematch", result, now=now)
        else:
            _refresh(session, ports, offer, effect, terms, result, now=now)
        return
    command: Literal["doubt", "exclude"] = "doubt" if effect.verdict == "unknown" else "exclude"
    if OFFER.may(state, command):
        _take_back(session, ports, offer, effect, terms, command, result, now=now)
    elif state in (S.UNKNOWN, S.INELIGIBLE):
        _carry(offer, effect)


def _offer_again(
    session: Session,
    ports: Ports,
    offer: Offer,
    effect: MatchEffect,
    terms: Terms,
    command: Literal["reopen", "rematch"],
    result: Reconciled,
    *,
    now: datetime,
) -> None:
    before, offer.state = offer.state, OFFER.move(S(offer.state), command, S.MATCHED)
    _carry(offer, effect)
    offer.state_reason, offer.answered_at, offer.opened_at = None, None, None
    offer.matched_on, offer.mode = business_date(now), terms.mode
    _reach(session, ports, offer, terms, before, result, now=now)


def _refresh(
    session: Session,
    ports: Ports,
    offer: Offer,
    effect: MatchEffect,
    terms: Terms,
    result: Reconciled,
    *,
    now: datetime,
) -> None:
    before_amount = offer.amount_fen
    _carry(offer, effect)
    result.refreshed += 1
    if offer.state == S.MATCHED:
        _reach(session, ports, offer, terms, S.MATCHED, result, now=now)
    elif before_amount != offer.amount_fen:
        offer.updated_at = now
        detail = {"before_fen": before_amount, "amount_fen": offer.amount_fen}
        log(session, offer, "offer.refreshed", offer.state, SYSTEM, now=now, detail=detail)


def _take_back(
    session: Session,
    ports: Ports,
    offer: Offer,
    effect: MatchEffect,
    terms: Terms,
    command: Literal["doubt", "exclude"],
    result: Reconciled,
    *,
    now: datetime,
) -> None:
    before, offer.state = offer.state, OFFER.move(S(offer.state), command)
    _carry(offer, effect)
    offer.updated_at = now
    result.taken_back += 1
    log(session, offer, f"offer.{offer.state}", before, SYSTEM, now=now)
    if before != S.OFFERED:
        return
    words = "还差一些信息才能确认" if command == "doubt" else "按最新信息暂不符合条件；如您认为不对，仍可申请"
    tell(
        session,
        ports,
        offer.subject_id,
        f"offer.{offer.state}",
        f"{terms.title}：情况有变化",
        f"{words}。{TRUST}",
        link=f"/offers/{offer.id}",
        now=now,
    )


def _reach(
    session: Session,
    ports: Ports,
    offer: Offer,
    terms: Terms,
    before: str | None,
    result: Reconciled,
    *,
    now: datetime,
) -> None:
    """Offer it where the publication has reached the subject; else it stays matched, unseen."""
    if not terms.is_inside_rollout(offer.subject_id):
        result.matched += before != S.MATCHED
        return
    offer.state = OFFER.move(S(offer.state), "offer")
    result.offered += 1
    present(session, ports, offer, terms, before, now=now)


def _judge_award(
    session: Session, ports: Ports, award: Award, effect: MatchEffect, result: Reconciled, *, now: datetime
) -> None:
    """A match of a right in force: a loss is suspected and heard, never carried out."""
    if effect.sequence < award.sequence:
        result.stale += 1
        return
    award.sequence = effect.sequence
    if effect.verdict == "ineligible" and award.state == AwardState.ACTIVE:
        awards.suspect(session, ports, award, "按最新信息重新匹配：不再符合条件", now=now)
        result.suspected += 1
    elif effect.verdict == "eligible":
        award.rematched_amount_fen = effect.amount_fen if effect.amount_fen != award.amount_fen else None
        if award.state == AwardState.SUSPECTED:
            awards.clear_suspicion(session, award, now=now)
            result.restored += 1


def _may_reopen(session: Session, offer: Offer, terms: Terms, *, now: datetime) -> bool:
    """After a right has ended, a new match may be offered again, within the policy's limit."""
    award = award_rows.latest_on(session, offer.policy_id, offer.unit_id)
    has_ended = award is not None and award.state == AwardState.ENDED
    return has_ended and not _is_used_up(session, terms, offer.unit_id, now=now)


def _is_used_up(session: Session, terms: Terms, unit_id: int, *, now: datetime) -> bool:
    """Whether a one-off benefit was granted for this unit, to whomever, as often as its policy allows."""
    if terms.period != "once":
        return False
    since = window_start(terms.limit_per, business_date(now))
    return award_rows.count_since(session, terms.policy_id, unit_id, since) >= terms.limit_times


def _carry(offer: Offer, effect: MatchEffect) -> None:
    offer.policy_version, offer.sequence, offer.as_of = effect.version, effect.sequence, effect.as_of
    offer.amount_fen, offer.missing = effect.amount_fen, list(effect.missing)


def _key(effect: MatchEffect) -> repository.Key:
    return (effect.policy_id, effect.subject_id, effect.unit_id)


def _freshness(effect: MatchEffect) -> tuple[object, ...]:
    return (effect.version, effect.sequence, effect.as_of)
