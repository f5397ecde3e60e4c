"""What a match does to offers and awards, and what a person answers to an offer.

A match makes, keeps or takes back what nobody has answered yet. What a person confirmed, paused or was paid it never
changes: there it can only raise a suspicion, which a person hears and decides.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.money import format_yuan
from kernel.web.principal import Principal
from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.awards import service as awards
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.holds import place_hold
from policy_engine.delivery.cases.letters import TRUST, tell
from policy_engine.delivery.cases.timeline import SYSTEM, Actor, actor_of, record_event
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.claims import service as claims
from policy_engine.delivery.claims.standing import require_relation
from policy_engine.delivery.offers import repository
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.periods import window_start
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import OFFER, AwardState, OfferState
from policy_engine.delivery.terms import Terms
from policy_engine.matching.effects import MatchEffect

S = OfferState
PERIOD_WORDS = {"once": "一次性", "month": "每月", "quarter": "每季度", "year": "每年", "none": ""}


class Reconciled(msgspec.Struct):
    """What a batch of effects changed."""

    offered: int = 0
    matched: int = 0
    refreshed: int = 0
    taken_back: int = 0
    suspected: int = 0
    restored: int = 0
    stale: int = 0


class Page(msgspec.Struct, frozen=True):
    """Where work that goes through all offers of a policy stands; ``after`` is none when it is through."""

    changed: int
    after: uuid.UUID | None


def reconcile(session: Session, ports: Ports, effects: Sequence[MatchEffect], *, now: datetime) -> Reconciled:
    """Bring offers and awards to what the matches say. Idempotent; an older match never overwrites a newer.

    Give it some hundreds at a time: it is one transaction.
    """
    result = Reconciled()
    latest = {_key(effect): effect for effect in sorted(effects, key=_freshness)}
    offers = repository.lock_offers_of(session, latest)
    units = {(effect.policy_id, effect.unit_id) for effect in latest.values()}
    live = award_rows.lock_live(session, units)
    claimed = claim_rows.units_under_claim(session, units)
    for key, effect in latest.items():
        terms = ports.terms(session, effect.policy_id, effect.version)
        unit = (effect.policy_id, effect.unit_id)
        award = live.get(unit)
        if award is not None and award.subject_id == effect.subject_id:
            _judge_award(session, ports, award, effect, result, now=now)
        offer = offers.get(key)
        is_taken = award is not None or unit in claimed
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


def open_offer(
    session: Session, ports: Ports, *, offer_id: uuid.UUID, principal: Principal, now: datetime
) -> None:
    """Remember that the offer was seen: unopened ones become visits."""
    offer = repository.get_offer(session, offer_id)
    if offer is None:
        raise NotFound(_("没有找到您要的内容。"))
    relation = require_relation(session, ports, principal, offer.subject_id, offer.division, now)
    if relation != "counter":
        offer.opened_at = offer.opened_at or now


def decline(
    session: Session, ports: Ports, *, offer_id: uuid.UUID, principal: Principal, reason: str, now: datetime
) -> Offer:
    """Not now: the offer rests, the right stays, and 仍要申请 is open at any time. Twice changes nothing."""
    offer = repository.lock_offer(session, offer_id)
    if offer is None:
        raise NotFound(_("没有找到您要的内容。"))
    relation = require_relation(session, ports, principal, offer.subject_id, offer.division, now)
    if offer.state == S.DECLINED:
        return offer
    before, offer.state = offer.state, OFFER.move(S(offer.state), "decline")
    offer.state_reason, offer.answered_at, offer.updated_at = reason.strip()[:500] or None, now, now
    _log(session, offer, "offer.declined", before, actor_of(principal, relation), now=now)
    audit.record(
        session, actor=principal, action="offer.decline", object_kind="offer", object_id=offer.id, now=now
    )
    return offer


def widen_rollout(
    session: Session,
    ports: Ports,
    *,
    policy_id: str,
    after: uuid.UUID | None,
    now: datetime,
    limit: int = 300,
) -> Page:
    """Offer to those matched whom a publication has now reached. Call again with ``after`` until it is none."""
    rows = repository.lock_page(session, policy_id, (S.MATCHED,), after=after, limit=limit)
    changed = 0
    for offer in rows:
        terms = ports.terms(session, policy_id, offer.policy_version)
        if terms.is_inside_rollout(offer.subject_id):
            before, offer.state = offer.state, OFFER.move(S(offer.state), "offer")
            _present(session, ports, offer, terms, before, now=now)
            changed += 1
    return Page(changed, rows[-1].id if len(rows) == limit else None)


def recall(
    session: Session,
    ports: Ports,
    *,
    policy_id: str,
    apology: str,
    after: uuid.UUID | None,
    now: datetime,
    limit: int = 300,
) -> Page:
    """A policy was corrected: take back its open offers with an apology. Call again with ``after`` until it is none."""
    rows = repository.lock_page(
        session, policy_id, (S.MATCHED, S.OFFERED, S.UNKNOWN), after=after, limit=limit
    )
    for offer in rows:
        before, offer.state = offer.state, OFFER.move(S(offer.state), "withdraw")
        offer.state_reason, offer.updated_at = "policy_corrected", now
        _log(session, offer, "offer.withdrawn", before, SYSTEM, now=now)
        if before == S.OFFERED:
            terms = ports.terms(session, policy_id, offer.policy_version)
            tell(
                session,
                ports,
                offer.subject_id,
                "offer.withdrawn",
                f"{terms.title}：已撤回",
                apology,
                link=f"/offers/{offer.id}",
                now=now,
            )
    return Page(len(rows), rows[-1].id if len(rows) == limit else None)


def hold_claims_of_recalled(
    session: Session, *, policy_id: str, reason: str, after: uuid.UUID | None, now: datetime, limit: int = 300
) -> Page:
    """What was confirmed under a corrected policy waits for a person to decide it again."""
    rows = claim_rows.lock_open_of_policy(session, policy_id, after=after, limit=limit)
    for claim in rows:
        place_hold(session, claim, "recall", reason, set_by_id=None, now=now)
    return Page(len(rows), rows[-1].id if len(rows) == limit else None)


def lapse_offers(session: Session, *, now: datetime, limit: int = 300) -> int:
    """Offers past their day rest; the right itself does not end, and 仍要申请 stays open."""
    rows = repository.lock_lapsed(session, business_date(now), limit)
    for offer in rows:
        before, offer.state = offer.state, OFFER.move(S(offer.state), "lapse")
        offer.updated_at = now
        _log(session, offer, "offer.lapsed", before, SYSTEM, now=now)
    return len(rows)


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
    session.flush()
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
        _log(session, offer, "offer.refreshed", offer.state, SYSTEM, now=now, detail=detail)


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
    _log(session, offer, f"offer.{offer.state}", before, SYSTEM, now=now)
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
    _present(session, ports, offer, terms, before, now=now)


def _present(
    session: Session, ports: Ports, offer: Offer, terms: Terms, before: str | None, *, now: datetime
) -> None:
    """Put the offer into the inbox; 免申即享 goes straight on to the official's desk."""
    offer.updated_at = now
    offer.lapses_on = business_date(now) + timedelta(days=terms.offer_days)
    _log(session, offer, "offer.offered", before, SYSTEM, now=now, detail={"amount_fen": offer.amount_fen})
    session.flush()
    if terms.mode == "automatic":
        claims.begin_automatically(session, ports, offer, terms, now=now)
        return
    tell(
        session,
        ports,
        offer.subject_id,
        "offer.offered",
        f"您可能符合：{terms.title}",
        f"{_amount_words(offer, terms)}{TRUST}",
        link=f"/offers/{offer.id}",
        now=now,
    )


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


def _amount_words(offer: Offer, terms: Terms) -> str:
    if terms.is_invitation:
        return "您家可能符合，可申请核对。"
    if offer.amount_fen is None:
        return "请查看并确认。"
    return f"{PERIOD_WORDS[terms.period]}{format_yuan(offer.amount_fen)}元，请查看并确认。"


def _key(effect: MatchEffect) -> repository.Key:
    return (effect.policy_id, effect.subject_id, effect.unit_id)


def _freshness(effect: MatchEffect) -> tuple[object, ...]:
    return (effect.version, effect.sequence, effect.as_of)


def _log(
    session: Session,
    offer: Offer,
    kind: str,
    before: str | None,
    actor: Actor,
    *,
    now: datetime,
    detail: dict[str, int | None] | None = None,
) -> None:
    record_event(
        session,
        "offer",
        offer.id,
        kind,
        claim_id=None,
        subject_id=offer.subject_id,
        actor=actor,
        now=now,
        moved=(before, offer.state),
        detail=detail,
    )
