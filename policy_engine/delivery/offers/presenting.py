"""Putting an offer before somebody, and keeping its history."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.money import format_yuan
from policy_engine.delivery.cases.letters import TRUST, tell
from policy_engine.delivery.cases.timeline import SYSTEM, Actor, record_event
from policy_engine.delivery.claims import service as claims
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.terms import Terms

PERIOD_WORDS = {"once": "一次性", "month": "每月", "quarter": "每季度", "year": "每年", "none": ""}


def present(
    session: Session, ports: Ports, offer: Offer, terms: Terms, before: str | None, *, now: datetime
) -> None:
    """Put the offer into the inbox; 免申即享 goes straight on to the official's desk."""
    offer.updated_at = now
    offer.lapses_on = business_date(now) + timedelta(days=terms.offer_days)
    log(session, offer, "offer.offered", before, SYSTEM, now=now, detail={"amount_fen": offer.amount_fen})
    if terms.mode == "automatic":
        session.flush()
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


def log(
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


def _amount_words(offer: Offer, terms: Terms) -> str:
    if terms.is_invitation:
        return "您家可能符合，可申请核对。"
    if offer.amount_fen is None:
        return "请查看并确认。"
    return f"{PERIOD_WORDS[terms.period]}{format_yuan(offer.amount_fen)}元，请查看并确认。"
