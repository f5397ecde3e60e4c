"""Whom a publication reaches: wider step by step, back again when it was wrong, and until the offer's last day."""

import uuid
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import business_date
from policy_engine.delivery.cases.holds import place_hold
from policy_engine.delivery.cases.letters import tell
from policy_engine.delivery.cases.timeline import SYSTEM
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.offers import repository
from policy_engine.delivery.offers.presenting import log, present
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import OFFER, OfferState

S = OfferState


class Page(msgspec.Struct, frozen=True):
    """Where work that goes through all offers of a policy stands; ``after`` is none when it is through."""

    changed: int
    after: uuid.UUID | None


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
            present(session, ports, offer, terms, before, now=now)
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
        log(session, offer, "offer.withdrawn", before, SYSTEM, now=now)
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
        log(session, offer, "offer.lapsed", before, SYSTEM, now=now)
    return len(rows)
