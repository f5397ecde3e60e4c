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
from kernel.wording import worded
from policy_engine.delivery.awards import hearing as awards
from policy_engine.delivery.awards import losses, overlaps
from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.letters import TRUST
from policy_engine.delivery.offers.background import Background, key_of
from policy_engine.delivery.offers.batch import Batch, NewOffer
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.offers.presenting import present
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import OFFER, AwardState, OfferState
from policy_engine.delivery.terms import Terms
from policy_engine.matching.effects import MatchEffect
from policy_engine.profiles.objections.repository import quiet_among

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

    Give it some hundreds at a time: it is one transaction, and a new offer with its notice takes about 0.1 ms.
    """
    latest = {key_of(effect): effect for effect in sorted(effects, key=_freshness)}
    work = _Reconciliation(session, ports, list(latest.values()), now)
    for effect in latest.values():
        work.follow(effect)
    work.batch.write()
    session.flush()
    return work.result


class _Reconciliation:
    """One batch of effects, with what is known of all of them."""

    def __init__(self, session: Session, ports: Ports, effects: Sequence[MatchEffect], now: datetime) -> None:
        self.session = session
        self.ports = ports
        self.now = now
        self.today = business_date(now)
        self.result = Reconciled()
        self.batch = Batch(session, ports, now)
        self.known = Background(session, ports, effects, self.today)
        self.quiet = quiet_among(session, {effect.subject_id for effect in effects})

    def follow(self, effect: MatchEffect) -> None:
        """Do with one right what its match says."""
        terms = self.known.terms_of(effect)
        unit = (effect.policy_id, effect.unit_id)
        award = self.known.live.get(unit)
        if award is not None and award.subject_id == effect.subject_id:
            self._judge_award(award, effect)
        offer = self.known.offers.get(key_of(effect))
        is_taken = (
            award is not None
            or unit in self.known.claimed
            or effect.subject_id in self.quiet  # asked not to be found; applying stays open
            or self._is_kept_away(effect, terms)
            or (
                effect.verdict == "eligible"
                and self.known.is_used_up(terms, effect.subject_id, effect.unit_id)
            )
        )
        if offer is None:
            if effect.verdict == "eligible" and terms.is_offered and not is_taken:
                self._make_offer(effect, terms)
        elif (offer.policy_version, offer.sequence, offer.as_of) > _freshness(effect)[:3]:
            self.result.stale += 1
        else:
            self._update_offer(offer, effect, terms, is_taken=is_taken)
        if terms.mode == "automatic" and effect.verdict == "eligible":
            self.known.claimed.add(unit)  # the other parent's effect may stand in the same batch

    def _is_kept_away(self, effect: MatchEffect, terms: Terms) -> bool:
        """Whether another right of the unit excludes this one, or pays as much: nobody is offered what would be refused."""
        if effect.verdict != "eligible" or not self.known.has_rival(effect, terms):
            return False
        found = overlaps.obstacle_to(
            self.session, self.ports, terms, effect.unit_id, effect.amount_fen, on=self.today
        )
        return found is not None

    def _make_offer(self, effect: MatchEffect, terms: Terms) -> None:
        offer = NewOffer(
            id=new_id(),
            policy_id=effect.policy_id,
            policy_version=effect.version,
            subject_id=effect.subject_id,
            unit_id=effect.unit_id,
            division=self.known.divisions[effect.subject_id],
            mode=terms.mode,
            state=S.MATCHED,
            amount_fen=effect.amount_fen,
            missing=list(effect.missing),
            sequence=effect.sequence,
            as_of=effect.as_of,
            matched_on=self.today,
            created_at=self.now,
            updated_at=self.now,
        )
        if terms.mode == "automatic":  # a claim follows in the same breath, and refers to it
            stored = Offer(**msgspec.structs.asdict(offer))
            self.session.add(stored)
            self._reach(stored, terms, None)
        else:
            self._reach(offer, terms, None)
            self.batch.add(offer)

    def _update_offer(self, offer: Offer, effect: MatchEffect, terms: Terms, *, is_taken: bool) -> None:
        """One offer that exists already, by what it is and what the match says."""
        state = S(offer.state)
        is_newer_version = effect.version > offer.policy_version
        if state == S.CONFIRMED:
            if effect.verdict == "eligible" and not is_taken and self._may_reopen(offer):
                self._offer_again(offer, effect, terms, "reopen")
            return
        if state in (S.DECLINED, S.LAPSED) or offer.state_reason == "policy_corrected":
            if effect.verdict == "eligible" and is_newer_version and not is_taken:
                self._offer_again(offer, effect, terms, "rematch")
            return
        if effect.verdict == "eligible":
            if is_taken:
                return
            if state in (S.UNKNOWN, S.INELIGIBLE, S.WITHDRAWN):
                self._offer_again(offer, effect, terms, "rematch")
            else:
                self._refresh(offer, effect, terms)
            return
        command: Literal["doubt", "exclude"] = "doubt" if effect.verdict == "unknown" else "exclude"
        if OFFER.may(state, command):
            self._take_back(offer, effect, terms, command)
        elif state in (S.UNKNOWN, S.INELIGIBLE):
            _carry(offer, effect)

    def _offer_again(
        self, offer: Offer, effect: MatchEffect, terms: Terms, command: Literal["reopen", "rematch"]
    ) -> None:
        before, offer.state = offer.state, OFFER.move(S(offer.state), command, S.MATCHED)
        _carry(offer, effect)
        offer.state_reason, offer.answered_at, offer.opened_at = None, None, None
        offer.matched_on, offer.mode = self.today, terms.mode
        self._reach(offer, terms, before)

    def _refresh(self, offer: Offer, effect: MatchEffect, terms: Terms) -> None:
        before_amount = offer.amount_fen
        _carry(offer, effect)
        self.result.refreshed += 1
        if offer.state == S.MATCHED:
            self._reach(offer, terms, S.MATCHED)
        elif before_amount != offer.amount_fen:
            offer.updated_at = self.now
            detail = {"before_fen": before_amount, "amount_fen": offer.amount_fen}
            self.batch.log(offer.id, offer.subject_id, "offer.refreshed", (offer.state, offer.state), detail)

    def _take_back(
        self, offer: Offer, effect: MatchEffect, terms: Terms, command: Literal["doubt", "exclude"]
    ) -> None:
        before, offer.state = offer.state, OFFER.move(S(offer.state), command)
        _carry(offer, effect)
        offer.updated_at = self.now
        self.result.taken_back += 1
        kind = f"offer.{offer.state}"
        self.batch.log(offer.id, offer.subject_id, kind, (before, offer.state))
        if before != S.OFFERED:
            return
        words = (
            worded("还差一些信息才能确认。")
            if command == "doubt"
            else worded("按最新信息暂不符合条件；如您认为不对，仍可申请。")
        )
        self.batch.tell(
            offer.id,
            offer.subject_id,
            kind,
            worded("%(policy)s：情况有变化", policy=terms.named),
            words + TRUST,
        )

    def _reach(self, offer: Offer | NewOffer, terms: Terms, before: str | None) -> None:
        """Offer it where the publication has reached the subject; else it stays matched, unseen."""
        if not terms.is_inside_rollout(offer.subject_id):
            self.result.matched += before != S.MATCHED
            return
        offer.state = OFFER.move(S(offer.state), "offer")
        self.result.offered += 1
        present(self.batch, offer, terms, before)

    def _judge_award(self, award: Award, effect: MatchEffect) -> None:
        """A match of a right in force: a loss is suspected and heard, never carried out."""
        if effect.sequence < award.sequence:
            self.result.stale += 1
            return
        award.sequence = effect.sequence
        if effect.verdict == "ineligible" and award.state == AwardState.ACTIVE:
            reason = "按最新信息重新匹配：不再符合条件"
            awards.suspect(self.session, self.ports, award, reason, now=self.now)
            self.result.suspected += 1
        elif effect.verdict == "eligible":
            award.rematched_amount_fen = effect.amount_fen if effect.amount_fen != award.amount_fen else None
            if award.state == AwardState.SUSPECTED:
                losses.clear_suspicion(self.session, award, now=self.now)
                self.result.restored += 1

    def _may_reopen(self, offer: Offer) -> bool:
        """After a right has ended, a new match may be offered again."""
        award = award_rows.latest_on(self.session, offer.policy_id, offer.unit_id)
        return award is not None and award.state == AwardState.ENDED


def _carry(offer: Offer, effect: MatchEffect) -> None:
    offer.policy_version, offer.sequence, offer.as_of = effect.version, effect.sequence, effect.as_of
    offer.amount_fen, offer.missing = effect.amount_fen, list(effect.missing)


def _freshness(effect: MatchEffect) -> tuple[object, ...]:
    return (effect.version, effect.sequence, effect.as_of)
