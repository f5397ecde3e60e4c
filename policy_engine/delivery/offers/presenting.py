"""Putting an offer before somebody, and keeping its history."""

import uuid
from datetime import date, datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.i18n import N_
from kernel.money import format_yuan
from kernel.wording import Wording, worded
from policy_engine.delivery.cases.letters import TRUST
from policy_engine.delivery.cases.timeline import Actor, record_event
from policy_engine.delivery.claims import service as claims
from policy_engine.delivery.offers.batch import Batch, NewOffer
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.terms import Terms

PERIOD_WORDS = {
    "once": N_("一次性"),
    "month": N_("每月"),
    "quarter": N_("每季度"),
    "year": N_("每年"),
    "none": "",
}


class Offered(Protocol):
    """What an invitation says of an offer, whether it is an object or a row."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def subject_id(self) -> int: ...
    @property
    def amount_fen(self) -> int | None: ...


def present(batch: Batch, offer: Offer | NewOffer, terms: Terms, before: str | None) -> None:
    """Put the offer into the inbox; 免申即享 goes straight on to the official's desk."""
    offer.updated_at = batch.now
    offer.lapses_on = last_day(terms, batch.now)
    if isinstance(offer, NewOffer) or terms.mode != "automatic":
        invite(batch, offer, terms, (before, offer.state))
        return
    log_offered(batch, offer, (before, offer.state))
    batch.session.flush()
    claims.begin_automatically(batch.session, batch.ports, offer, terms, now=batch.now)


def invite(batch: Batch, offer: Offered, terms: Terms, moved: tuple[str | None, str]) -> None:
    """History and letter of an offer that is one's own to take."""
    log_offered(batch, offer, moved)
    batch.tell(
        offer.id,
        offer.subject_id,
        "offer.offered",
        worded("您可能符合：%(policy)s", policy=terms.named),
        _amount_words(offer.amount_fen, terms) + TRUST,
    )


def log_offered(batch: Batch, offer: Offered, moved: tuple[str | None, str]) -> None:
    batch.log(offer.id, offer.subject_id, "offer.offered", moved, {"amount_fen": offer.amount_fen})


def last_day(terms: Terms, now: datetime) -> date:
    """Until when an offer made now stands open."""
    return business_date(now) + timedelta(days=terms.offer_days)


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


def _amount_words(amount_fen: int | None, terms: Terms) -> Wording:
    if terms.is_invitation:
        return worded("您家可能符合，可申请核对。")
    if amount_fen is None:
        return worded("请查看并确认。")
    period, yuan = worded(PERIOD_WORDS[terms.period]), format_yuan(amount_fen)
    if terms.yearly_caps:
        return worded(
            "%(period)s%(yuan)s元（以本年度累计上限内为准），请查看并确认。", period=period, yuan=yuan
        )
    return worded("%(period)s%(yuan)s元，请查看并确认。", period=period, yuan=yuan)
