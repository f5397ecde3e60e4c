"""Offers: made by the bank with every fee, accepted, refused or left to lapse by the firm.

Accepting one ends the others; their banks learn that the firm chose otherwise, and nothing of the offer it chose.
"""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import SHANGHAI, business_date
from kernel.errors import Conflict, FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from portals.financing.banks import repository
from portals.financing.banks.actors import WORK, BankActor
from portals.financing.banks.models import Offer
from portals.financing.banks.schemas import METHOD_LABELS, NewOffer, OfferView
from portals.financing.banks.states import OFFER_LABELS, OfferState
from portals.financing.banks.work import move, own
from portals.financing.costs.schedule import schedule_of
from portals.financing.costs.statement import Charge, statement_of
from portals.financing.costs.terms import LoanTerms, Method
from portals.financing.demands import repository as demand_rows
from portals.financing.demands import service as demands
from portals.financing.demands.models import Application
from portals.financing.demands.schemas import CLOCK, Actor
from portals.financing.demands.states import ApplicationState
from portals.financing.institutions import institution
from portals.financing.rates.repository import rate_on

SHORTEST_DAYS, LONGEST_DAYS = 1, 90
MOST_CHARGES = 12
LEAST_FEN = 100_000
#: As the policy startup-loan-interest has it.
STARTUP_POINTS_BP = 50


def make(
    session: Session, actor: BankActor, application_id: uuid.UUID, wanted: NewOffer, *, now: datetime
) -> Offer:
    """An offer of an approved application; a new one takes the place of the open one. Raises ``InvalidInput``."""
    actor.require(WORK)
    application = own(session, actor, application_id)
    demand = demand_rows.lock_demand(session, application.demand_id)
    if demand is None:
        raise NotFound(_("没有找到这笔融资申请。"))
    check(wanted, demand.amount_fen, now)
    _require_startup_rate(session, wanted, now)
    move(session, actor, application_id, "offer", now=now)
    former = repository.offers_of(session, application_id)
    repository.close_open(session, application_id, OfferState.REPLACED, now)
    offer = Offer(
        id=new_id(),
        application_id=application_id,
        demand_id=application.demand_id,
        firm_id=application.firm_id,
        bank_code=actor.code,
        number=len(former) + 1,
        state=OfferState.OPEN,
        amount_fen=wanted.amount_fen,
        rate_bp=wanted.rate_bp,
        term_months=wanted.term_months,
        method=wanted.method,
        every_months=wanted.every_months,
        charges=[msgspec.to_builtins(one) for one in wanted.charges],
        conditions=wanted.conditions.strip(),
        needs_guarantee=wanted.needs_guarantee,
        is_startup_guaranteed=wanted.is_startup_guaranteed,
        valid_until=_end_of(now, wanted.valid_days),
        made_by=actor.officer,
        made_at=now,
    )
    session.add(offer)
    session.flush()
    return offer


def check(wanted: NewOffer, asked_fen: int, now: datetime) -> None:
    """Everything that cannot be, by field: the sum, the price, each fee, the time. Raises ``InvalidInput``."""
    if errors := list(_errors(wanted, asked_fen)):
        raise InvalidInput(_("融资方案有 %(count)d 处需要修改。", count=len(errors)), errors=errors)
    statement_of(schedule_of(terms_of(wanted, now)), wanted.charges)


def terms_of(wanted: NewOffer | Offer, now: datetime) -> LoanTerms:
    """The loan that an offer would make if it were paid out today."""
    return LoanTerms(
        principal_fen=wanted.amount_fen,
        rate_bp=wanted.rate_bp,
        method=method_of(wanted.method),
        disbursed_on=business_date(now),
        term_months=wanted.term_months,
        every_months=wanted.every_months,
    )


def method_of(text: str) -> Method:
    return next(one for one in METHOD_LABELS if one == text)


def accept(session: Session, offer_id: uuid.UUID, *, by: Actor, now: datetime) -> Offer:
    """The firm takes this one; everybody else's application ends. Raises ``NotFound``, ``Conflict``."""
    offer, application = _answerable(session, offer_id, by, now)
    demands.move(session, application.id, "accept_offer", by=by, now=now)
    offer.state, offer.answered_at = OfferState.ACCEPTED, now
    for other in demand_rows.applications_of(session, offer.demand_id):
        if other.id != application.id:
            repository.close_open(session, other.id, OfferState.WITHDRAWN, now)
    session.flush()
    return offer


def refuse(session: Session, offer_id: uuid.UUID, note: str, *, by: Actor, now: datetime) -> Offer:
    """The firm does not take it; the bank reads the words, if there are any."""
    offer, application = _answerable(session, offer_id, by, now)
    demands.move(session, application.id, "refuse_offer", by=by, now=now, note=note)
    offer.state, offer.answered_at, offer.answer_note = OfferState.REFUSED, now, note.strip()[:500] or None
    session.flush()
    return offer


def lapse_over(session: Session, *, now: datetime, limit: int = 200) -> int:
    """End offers whose time is over, and those whose application ended otherwise; how many."""
    found = repository.open_over(session, now, limit)
    for offer, application in found:
        if ApplicationState(application.state) == ApplicationState.OFFERED:
            demands.move(session, application.id, "lapse", by=CLOCK, now=now)
            offer.state = OfferState.LAPSED
        else:
            offer.state = OfferState.WITHDRAWN
        offer.answered_at = now
    session.flush()
    return len(found)


def view(offer: Offer, application: Application, now: datetime) -> OfferView:
    """What is shown of an offer; one whose application has ended reads as ended, whatever the clerk of clocks has done."""
    state = OfferState(offer.state)
    is_waiting = application.state == ApplicationState.OFFERED
    if state == OfferState.OPEN and not is_waiting:
        state = OfferState.WITHDRAWN
    elif state == OfferState.OPEN and offer.valid_until <= now:
        state = OfferState.LAPSED
    method = method_of(offer.method)
    return OfferView(
        id=offer.id,
        application_id=offer.application_id,
        demand_id=offer.demand_id,
        bank_code=offer.bank_code,
        bank_name=institution(offer.bank_code).title,
        number=offer.number,
        state=state,
        state_label=_(OFFER_LABELS[state]),
        is_answerable=state == OfferState.OPEN,
        amount_fen=offer.amount_fen,
        rate_bp=offer.rate_bp,
        term_months=offer.term_months,
        method=method,
        method_label=_(METHOD_LABELS[method]),
        every_months=offer.every_months,
        charges=tuple(msgspec.convert(one, Charge) for one in offer.charges),
        conditions=offer.conditions,
        needs_guarantee=offer.needs_guarantee,
        valid_until=offer.valid_until,
        made_at=offer.made_at,
        answered_at=offer.answered_at,
    )


def offers_for(session: Session, demand_id: uuid.UUID, firm_id: int, now: datetime) -> list[OfferView]:
    """All banks' offers for a firm's own demand; empty where it is not the firm's."""
    return [
        view(offer, application, now)
        for offer, application in repository.offers_for(session, demand_id, firm_id)
    ]


def _answerable(session: Session, offer_id: uuid.UUID, by: Actor, now: datetime) -> tuple[Offer, Application]:
    """The offer, held together with its demand, if it can still be answered."""
    found = None if by.firm_id is None else repository.offer_to(session, offer_id, by.firm_id)
    if found is None:
        raise NotFound(_("没有找到这份融资方案。"))
    offer, application = found
    demand_rows.lock_demand(session, offer.demand_id)
    session.refresh(offer)
    session.refresh(application)
    if offer.state == OfferState.OPEN and offer.valid_until <= now:
        raise Conflict(_("这份方案的有效期已过，请联系银行重新出方案。"))
    if offer.state != OfferState.OPEN:
        label = _(OFFER_LABELS[OfferState(offer.state)])
        raise Conflict(_("这份方案%(state)s，不能再答复。", state=label))
    return offer, application


def _errors(wanted: NewOffer, asked_fen: int) -> Iterator[FieldError]:
    if not LEAST_FEN <= wanted.amount_fen <= asked_fen:
        yield FieldError(
            "amount_fen", _("金额应在1,000元以上，且不超过企业提出的金额。"), _("请填写以分为单位的整数。")
        )
    if not 0 < wanted.rate_bp <= 2400:
        yield FieldError("rate_bp", _("年利率应当大于0，不超过24%。"), _("例如3.45%填写345。"))
    if not 1 <= wanted.term_months <= 360:
        yield FieldError("term_months", _("期限应当是1到360个月。"), _("请按月填写贷款期限。"))
    if not 1 <= wanted.every_months <= 12:
        yield FieldError("every_months", _("还款间隔应当是1到12个月。"), _("按月填1，按季填3。"))
    if not SHORTEST_DAYS <= wanted.valid_days <= LONGEST_DAYS:
        yield FieldError("valid_days", _("方案有效期应为1到90天。"), _("请留出企业比较和答复的时间。"))
    if len(wanted.charges) > MOST_CHARGES:
        yield FieldError("charges", _("费用最多列12项。"), _("同类费用请合并填写。"))
    for place, charge in enumerate(wanted.charges):
        if charge.kind == "subsidy" or len(charge.name) > 40:
            yield FieldError(
                f"charges[{place}]",
                _("费用名称最多40个字；补贴由城市计算，不列在银行方案里。"),
                _("请改正这一项。"),
            )


def _require_startup_rate(session: Session, wanted: NewOffer, now: datetime) -> None:
    """创业担保贷款利率不超过LPR+50BP: above it the loan would earn no subsidy, and the firm could not know why."""
    reference = rate_on(session, "lpr_1y", business_date(now)) if wanted.is_startup_guaranteed else None
    if reference is not None and wanted.rate_bp > reference.rate_bp + STARTUP_POINTS_BP:
        most = f"{(reference.rate_bp + STARTUP_POINTS_BP) / 100:.2f}%"
        what = _("创业担保贷款的年利率不超过1年期LPR加50个基点，现在是%(most)s。", most=most)
        raise InvalidInput(
            what, errors=[FieldError("rate_bp", what, _("请降低利率，或不作为创业担保贷款。"))]
        )


def _end_of(now: datetime, days: int) -> datetime:
    """The end of the last day, in Huangshi."""
    last = now.astimezone(SHANGHAI) + timedelta(days=days + 1)
    return last.replace(hour=0, minute=0, second=0, microsecond=0)
