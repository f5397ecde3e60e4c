"""A guarantee from the firm's request to the guarantor's word. Never commits.

Issuing one pays the city's part of the fee to the guarantor from the pool's money for lower fees; where that is used up the
firm is told the full fee before it signs.
"""

import uuid
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from identity.registry import service as registry
from kernel.clock import business_date
from kernel.crypto import Vault
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.notices import notify
from kernel.web.principal import Principal
from kernel.wording import worded
from policy_engine.delivery.cases.repository import next_in_series
from portals.financing.banks import repository as bank_rows
from portals.financing.demands import repository as demand_rows
from portals.financing.demands import service as demands
from portals.financing.demands.reasons import reasons
from portals.financing.demands.schemas import Actor
from portals.financing.guarantees import repository
from portals.financing.guarantees.fees import fee_of, fee_rule
from portals.financing.guarantees.models import Guarantee
from portals.financing.guarantees.pool import books
from portals.financing.guarantees.pool import repository as pool_rows
from portals.financing.institutions import Institution, institution, institutions, subject_of

POOL: Final = "sme-pool"
STATES: Final = {
    "requested": N_("待担保机构办理"),
    "issued": N_("担保已出具"),
    "refused": N_("担保未通过"),
}
_ASKED = N_("有新的担保申请")
_ASKED_BODY = N_("请核对贷款方案后出具担保，或者说明原因退回。")


class GuaranteeView(msgspec.Struct, frozen=True, kw_only=True):
    """One guarantee as guarantor, bank and firm see it."""

    id: uuid.UUID
    number: str
    application_id: uuid.UUID
    firm_name: str
    bank_name: str
    guarantor_code: str
    guarantor_name: str
    amount_fen: int
    term_months: int
    rate_bp: int | None
    state: str
    state_label: str
    fee_bp: int | None
    fee_fen: int | None
    firm_fee_fen: int | None
    subsidy_fen: int | None
    reason_text: str
    requested_at: datetime
    decided_at: datetime | None


def request(
    session: Session, application_id: uuid.UUID, guarantor_code: str, *, by: Principal, now: datetime
) -> Guarantee:
    """Ask a guarantor to stand in for an accepted offer. Raises ``NotFound`` for anybody else's application."""
    actor = Actor.firm(by)
    application = demand_rows.application(session, application_id)
    offer = bank_rows.accepted_offer(session, application_id)
    if application is None or application.firm_id != by.acting_for or offer is None:
        raise NotFound(_("没有找到这笔融资申请。"))
    guarantor = institution(guarantor_code) if guarantor_code in institutions() else None
    if guarantor is None or guarantor.kind != "guarantor":
        what = _("请从列表中选择担保机构。")
        raise InvalidInput(what, errors=[FieldError("guarantor", what)])
    demands.move(session, application_id, "request_guarantee", by=actor, now=now)
    day = business_date(now)
    guarantee = Guarantee(
        id=new_id(),
        number=f"DB{day:%Y%m%d}{next_in_series(session, f'guarantee/{day:%Y%m%d}'):05d}",
        application_id=application_id,
        firm_id=application.firm_id,
        bank_code=application.bank_code,
        guarantor_code=guarantor_code,
        amount_fen=offer.amount_fen,
        term_months=offer.term_months,
        state="requested",
        requested_by=by.subject_id,
        requested_at=now,
    )
    try:
        with session.begin_nested():
            session.add(guarantee)
    except IntegrityError as clash:
        raise Conflict(_("这笔贷款已经申请过担保，请等担保机构办理。")) from clash
    _tell_guarantor(session, guarantor, now)
    return guarantee


def issue(
    session: Session, guarantee_id: uuid.UUID, fee_bp: int, *, code: str, by: Principal, now: datetime
) -> Guarantee:
    """The guarantor stands in, for a fee within the rule; the city's part of it is booked at once."""
    guarantee = _waiting(session, guarantee_id, code, by)
    fee = fee_of(guarantee.amount_fen, guarantee.term_months, fee_bp, fee_rule())
    actor = Actor.officer(by, code, "guarantor")
    demands.move(session, guarantee.application_id, "issue_guarantee", by=actor, now=now)
    guarantee.state, guarantee.fee_bp, guarantee.fee_fen = "issued", fee_bp, fee.fee_fen
    guarantee.subsidy_fen = _pay_from_city(session, guarantee, fee.city_fen, by, now)
    _decided(guarantee, by, now)
    session.flush()
    return guarantee


def refuse(
    session: Session,
    guarantee_id: uuid.UUID,
    reason_code: str,
    note: str,
    *,
    code: str,
    by: Principal,
    now: datetime,
) -> Guarantee:
    """The guarantor does not; the firm reads why, and may ask another."""
    guarantee = _waiting(session, guarantee_id, code, by)
    moved = demands.move(
        session,
        guarantee.application_id,
        "refuse_guarantee",
        by=Actor.officer(by, code, "guarantor"),
        now=now,
        reason_code=reason_code,
        note=note,
    )
    guarantee.state = "refused"
    guarantee.reason_code, guarantee.reason_note = moved.reason_code, moved.reason_note
    _decided(guarantee, by, now)
    session.flush()
    return guarantee


def views_of(session: Session, rows: list[Guarantee], *, vault: Vault) -> list[GuaranteeView]:
    names = registry.describe(session, {one.firm_id for one in rows}, vault=vault)
    return [_view(session, one, names[one.firm_id].name if one.firm_id in names else "") for one in rows]


def _view(session: Session, one: Guarantee, firm_name: str) -> GuaranteeView:
    offer = bank_rows.accepted_offer(session, one.application_id)
    reason = reasons().get(one.reason_code or "")
    words = [reason.text if reason is not None else "", one.reason_note or ""]
    paid = None if one.fee_fen is None else one.fee_fen - (one.subsidy_fen or 0)
    return GuaranteeView(
        id=one.id,
        number=one.number,
        application_id=one.application_id,
        firm_name=firm_name,
        bank_name=institution(one.bank_code).title,
        guarantor_code=one.guarantor_code,
        guarantor_name=institution(one.guarantor_code).title,
        amount_fen=one.amount_fen,
        term_months=one.term_months,
        rate_bp=None if offer is None else offer.rate_bp,
        state=one.state,
        state_label=_(STATES[one.state]),
        fee_bp=one.fee_bp,
        fee_fen=one.fee_fen,
        firm_fee_fen=paid,
        subsidy_fen=one.subsidy_fen,
        reason_text="；".join(word for word in words if word),
        requested_at=one.requested_at,
        decided_at=one.decided_at,
    )


def _waiting(session: Session, guarantee_id: uuid.UUID, code: str, by: Principal) -> Guarantee:
    guarantee = repository.lock_at(session, guarantee_id, code)
    if guarantee is None:
        raise NotFound(_("没有找到这笔担保申请。"))
    if guarantee.state != "requested":
        raise Conflict(_("这笔担保申请已经办过，请刷新页面查看。"))
    if guarantee.requested_by == by.subject_id:
        raise Forbidden(_("申请担保和办理担保不能是同一个人。"))
    return guarantee


def _decided(guarantee: Guarantee, by: Principal, now: datetime) -> None:
    guarantee.decided_by, guarantee.decided_by_name, guarantee.decided_at = by.subject_id, by.name, now


def _pay_from_city(
    session: Session, guarantee: Guarantee, city_fen: int, by: Principal, now: datetime
) -> int:
    """The city's part, if there is money for it; else nothing, and the firm pays the fee itself."""
    pool = pool_rows.pool_named(session, POOL)
    if pool is None or city_fen == 0:
        return 0
    try:
        books.book(
            session,
            pool.id,
            "lower_fee",
            {"fee_available": -city_fen, "fee_paid": city_fen},
            f"{guarantee.id.hex}:lower_fee",
            object_id=guarantee.id,
            note=guarantee.number,
            by_id=by.subject_id,
            now=now,
        )
    except books.ShortOfPool:
        return 0
    return city_fen


def _tell_guarantor(session: Session, guarantor: Institution, now: datetime) -> None:
    subject_id = subject_of(session, guarantor.code)
    if subject_id is not None:
        notify(
            session,
            subject_id=subject_id,
            kind="financing.guarantee_requested",
            title=worded(_ASKED),
            body=worded(_ASKED_BODY),
            link="/rongtong/guarantor",
            now=now,
        )
