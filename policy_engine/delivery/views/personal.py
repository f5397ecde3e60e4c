"""What a person, a proxy or a firm reads about its own affairs; strangers get ``NotFound``."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery.accounts import repository as account_rows
from policy_engine.delivery.accounts.schemas import AccountView
from policy_engine.delivery.accounts.service import choices_for
from policy_engine.delivery.awards import allowance
from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.cases import repository as case_rows
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.claims.schemas import ClaimDetail, ClaimRow
from policy_engine.delivery.claims.stages import stages_of
from policy_engine.delivery.claims.standing import require_relation, subjects_of
from policy_engine.delivery.offers import repository as offer_rows
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.offers.schemas import OfferDetail, OfferRow
from policy_engine.delivery.periods import beginning
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import CLAIM, LABELS, OFFER, ClaimState, OfferState
from policy_engine.delivery.views.parts import (
    account_of,
    account_view,
    award_view,
    claim_row,
    decision_view,
    for_name,
    head_of,
    timeline,
)
from policy_engine.delivery.views.ratings import may_rate, own_rating
from policy_engine.delivery.views.records import records_of

_OPEN_OFFERS = (OfferState.OFFERED, OfferState.UNKNOWN)


def inbox_offers(session: Session, ports: Ports, principal: Principal, *, now: datetime) -> list[OfferRow]:
    """What has been found for those whose affairs these are, the newest first: to confirm, or lacking a fact."""
    offers = offer_rows.offers_of(session, subjects_of(session, ports, principal, now), _OPEN_OFFERS)
    return [_offer_row(session, ports, offer, now) for offer in offers]


def offer_detail(
    session: Session, ports: Ports, offer_id: uuid.UUID, principal: Principal, *, now: datetime
) -> OfferDetail:
    """One offer with its clauses, the accounts to choose from, and what may be done with it."""
    offer = offer_rows.get_offer(session, offer_id)
    if offer is None or offer.state == OfferState.MATCHED:
        raise NotFound(_("没有找到您要的内容。"))
    relation = require_relation(session, ports, principal, offer.subject_id, offer.division, now)
    terms = ports.terms(session, offer.policy_id, offer.policy_version)
    accounts = choices_for(
        session, ports, offer.subject_id, relation=relation, reader_id=principal.subject_id, now=now
    )
    claim = claim_rows.latest_of_offer(session, offer.id)
    return OfferDetail(
        row=_offer_row(session, ports, offer, now),
        reason=offer.state_reason or "",
        as_of=offer.as_of,
        clauses=ports.explain(
            session,
            offer.policy_id,
            offer.policy_version,
            offer.subject_id,
            offer.unit_id,
            principal.subject_id,
        ),
        missing=tuple(offer.missing),
        steps=tuple(stage.named.said for stage in terms.stages),
        accounts=tuple(account_view(account, now) for account in accounts) if terms.period != "none" else (),
        needs_account=terms.period != "none",
        relation=relation,
        may_confirm=OFFER.may(OfferState(offer.state), "confirm"),
        may_add_account=relation != "proxy",
        may_apply_anyway=offer.state != OfferState.CONFIRMED,
        claim_id=claim.id if claim is not None else None,
    )


def my_claims(session: Session, ports: Ports, principal: Principal, *, now: datetime) -> list[ClaimRow]:
    claims = claim_rows.claims_of(session, subjects_of(session, ports, principal, now))
    return [claim_row(session, ports, claim, now) for claim in claims]


def claim_detail(
    session: Session, ports: Ports, claim_id: uuid.UUID, principal: Principal, *, now: datetime
) -> ClaimDetail:
    """One claim with its timeline, who has it now and by when, its decisions and what came of it."""
    claim = claim_rows.get_claim(session, claim_id)
    if claim is None:
        raise NotFound(_("没有找到您要的内容。"))
    relation = require_relation(session, ports, principal, claim.subject_id, claim.division, now)
    state = ClaimState(claim.state)
    award = award_rows.of_claim(session, claim.id)
    rating = own_rating(session, claim) if relation != "counter" else None
    return ClaimDetail(
        row=claim_row(session, ports, claim, now),
        relation=relation,
        clauses=ports.explain(
            session,
            claim.policy_id,
            claim.policy_version,
            claim.subject_id,
            claim.unit_id,
            principal.subject_id,
        ),
        stages=tuple(stage.named.said for stage in stages_of(claim)),
        stage_index=claim.stage_index,
        supplement_request=claim.supplement_request or "",
        notice_until_on=claim.notice_until_on,
        timeline=timeline(session, case_rows.events_of_claim(session, claim.id, public_only=True)),
        decisions=tuple(
            decision_view(session, paper) for paper in claim_rows.written_decisions(session, claim.id)
        ),
        records=records_of(session, claim),
        award=award_view(session, ports, award, now) if award is not None else None,
        account=account_of(session, claim.account_id, now),
        may_withdraw=CLAIM.may(state, "withdraw") and not claim.is_held,
        may_supplement=CLAIM.may(state, "supplement") and not claim.is_held,
        may_appeal=CLAIM.may(state, "appeal"),
        rating=rating,
        may_rate=may_rate(claim, rating, relation),
    )


def my_accounts(session: Session, principal: Principal, *, now: datetime) -> list[AccountView]:
    """The accounts of the person or firm whose affairs these are; a proxy sees none beyond an offer's own."""
    if principal.capacity not in ("self", "enterprise"):
        return []
    owner = principal.subject_id if principal.capacity == "self" else principal.acting_for
    return [account_view(account, now) for account in account_rows.accounts_of(session, [owner])]


def _offer_row(session: Session, ports: Ports, offer: Offer, now: datetime) -> OfferRow:
    terms = ports.terms(session, offer.policy_id, offer.policy_version)
    amount, left = offer.amount_fen, None
    if amount is not None and terms.yearly_caps:
        on = beginning(terms, business_date(now))
        left = allowance.left_of_year(session, ports, terms, offer.subject_id, offer.unit_id, amount, on=on)
    return OfferRow(
        id=offer.id,
        policy=head_of(terms),
        for_name=for_name(session, ports, offer.subject_id, offer.unit_id),
        state=offer.state,
        state_label=_(LABELS[OfferState(offer.state)]),
        amount_fen=offer.amount_fen,
        offered_on=business_date(offer.updated_at),
        lapses_on=offer.lapses_on,
        is_new=offer.opened_at is None,
        payable_fen=left.left_fen
        if left is not None and amount is not None and left.left_fen < amount
        else None,
        cap_note="" if left is None else left.words,
    )
