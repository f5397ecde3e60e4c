"""What a person answers to an offer, short of confirming it."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.decisions.record import Deed
from policy_engine.decisions.service import Matter
from policy_engine.delivery.cases.timeline import actor_of
from policy_engine.delivery.claims.standing import require_relation
from policy_engine.delivery.offers import repository
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.offers.presenting import log
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import OFFER, OfferState

S = OfferState


def open_offer(
    session: Session, ports: Ports, *, offer_id: uuid.UUID, principal: Principal, now: datetime
) -> None:
    """Remember that the offer was seen (unopened ones become visits), and put on record what was offered and why."""
    offer = repository.get_offer(session, offer_id)
    if offer is None:
        raise NotFound(_("没有找到您要的内容。"))
    relation = require_relation(session, ports, principal, offer.subject_id, offer.division, now)
    if relation != "counter":
        offer.opened_at = offer.opened_at or now
    if offer.state == S.OFFERED:
        deed = Deed(outcome="offered", amount_fen=offer.amount_fen, offer=str(offer.id))
        ports.records.issue(session, _matter_of(offer), deed, "", now=now)


def _matter_of(offer: Offer) -> Matter:
    return Matter(
        policy_id=offer.policy_id,
        policy_version=offer.policy_version,
        subject_id=offer.subject_id,
        unit_id=offer.unit_id,
        facts_sequence=offer.sequence,
        as_of=offer.as_of,
        offer_id=offer.id,
        claim_id=None,
    )


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
    log(session, offer, "offer.declined", before, actor_of(principal, relation), now=now)
    audit.record(
        session, actor=principal, action="offer.decline", object_kind="offer", object_id=offer.id, now=now
    )
    return offer
